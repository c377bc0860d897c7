import { claimedTyp } from '@ownsight/protocol/envelope'
import type { Hint, Reply, Request } from '@ownsight/protocol/events'
import { Refused } from './handle.ts'
import type { RateLimit } from './rate-limit.ts'
import { relay, requireTyp } from './relay.ts'
import type { Runtime } from './runtime.ts'
import type { DeviceSocket } from './sockets.ts'
import { issueToken } from './tokens.ts'
import type { Asker } from './watch.ts'

/** An unpaired camera waiting under its rendezvous id, and the accounts that have spoken with it. */
export type Place = {
  socket: DeviceSocket
  address: string
  talks: Map<string, { ticket: Promise<string>; since: number }>
}
export type Rendezvous = Map<string, Place>

const TICKET_S = 86_400
/** More accounts than this at one rendezvous is no family. */
const TALKS_MAX = 4

/**
 * Carries one pairing message to the camera behind `rid` and its reply back. With it goes a ticket by which the
 * camera, once paired, can be bound to this account: presence and a list entry, never a right.
 */
export async function pair(
  runtime: Runtime,
  rendezvous: Rendezvous,
  firsts: RateLimit,
  { account, socket }: Pick<Asker, 'account' | 'socket'>,
  { rid, msg }: Request<'pair'>,
): Promise<Reply<'pair'> | Hint> {
  requireTyp(msg.e, 'os1-pair1', 'os1-pair3')
  const place = rendezvous.get(rid)
  const known = place?.talks.get(account)
  // Counted before it is looked up: a guesser out of tries does not learn of a hit either.
  if (!known && !firsts.take(account)) throw new Refused('rate', 'rendezvous_guesses')
  if (!place) throw new Refused('no_rendezvous')
  const talk = known ?? begin(runtime, place, account)
  const delivery = { rid, msg, ticket: await talk.ticket }
  const exchange = runtime.routed.open({ envelope: msg.e, from: socket })
  const reply = await relay(runtime, place.socket, 'pair', delivery, exchange)
  if ('msg' in reply && claimedTyp(reply.msg.e) === 'os1-pair4')
    runtime.metrics.pairingSeconds.observe((performance.now() - talk.since) / 1000)
  const result = 'hint' in reply ? reply.hint : (Object.keys(reply)[0] ?? 'none')
  runtime.log({ event: 'relay', kind: 'pair', result, from: runtime.pseudonym(account) })
  return reply
}

function begin(runtime: Runtime, place: Place, account: string) {
  if (place.talks.size >= TALKS_MAX) throw new Refused('rate', 'rendezvous_crowd')
  const ticket = issueToken(runtime.db, { kind: 'ticket', account, lifetime: TICKET_S, bytes: 16 })
  const talk = { ticket, since: performance.now() }
  place.talks.set(account, talk)
  ticket.catch(() => place.talks.delete(account))
  return talk
}
