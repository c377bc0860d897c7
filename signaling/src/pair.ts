import { type Hint, type Reply, type Request, replies } from '@ownsight/protocol/events'
import { hintOf, relay } from './relay.ts'
import type { Runtime } from './runtime.ts'
import type { UnpairedSocket } from './sockets.ts'
import { issueToken } from './tokens.ts'

/** An unpaired camera waiting under its rendezvous id, and the account that speaks with it. */
export type Rendezvous = Map<
  string,
  { socket: UnpairedSocket; ticket?: { account: string; secret: Promise<string> } }
>

const TICKET_S = 86_400

/**
 * Carries one pairing message to the camera behind `rid` and its reply back. With it goes a ticket by which the
 * camera, once paired, can be bound to this account: presence and a list entry, never a right.
 */
export async function pairOver(
  runtime: Runtime,
  rendezvous: Rendezvous,
  account: string,
  request: Request<'pair'>,
): Promise<Reply<'pair'> | Hint> {
  const place = rendezvous.get(request.rid)
  if (!place) {
    runtime.metrics.relayed.inc({ kind: 'pair', result: 'no_rendezvous' })
    return hintOf('no_rendezvous')
  }
  if (place.ticket?.account !== account)
    place.ticket = {
      account,
      secret: issueToken(runtime.db, { kind: 'ticket', account, lifetime: TICKET_S, bytes: 16 }),
    }
  const delivery = { rid: request.rid, msg: request.msg, ticket: await place.ticket.secret }
  return relay(runtime, place.socket, 'pair', delivery, replies.pair)
}
