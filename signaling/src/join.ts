import type { Hint, Reply, Request } from '@ownsight/protocol/events'
import { Refused } from './handle.ts'
import type { RateLimit } from './rate-limit.ts'
import { relay, requireTyp } from './relay.ts'
import type { Runtime } from './runtime.ts'
import type { DeviceSocket } from './sockets.ts'
import type { Asker } from './watch.ts'

export type Joins = {
  /** This device lets another one of its account in: it is reachable under `rid` while its socket lives. */
  hold(socket: DeviceSocket, account: string, request: Request<'hold'>): Reply<'hold'>
  /** One message of the second device to the first, and its reply. */
  join(
    runtime: Runtime,
    firsts: RateLimit,
    asker: Pick<Asker, 'account' | 'socket'>,
    request: Request<'join'>,
  ): Promise<Reply<'join'> | Hint>
}

/** Second devices: messages between two devices of one account, by a rendezvous id that only the code's readers know. */
export function createJoins(): Joins {
  const places = new Map<string, { socket: DeviceSocket; account: string; spoken: boolean }>()
  const heldBy = new WeakMap<DeviceSocket, string>()

  return {
    hold(socket, account, { rid }) {
      const place = places.get(rid)
      if (place && place.socket !== socket && place.account !== account) throw new Refused('taken')
      const before = heldBy.get(socket)
      if (before !== undefined && before !== rid) places.delete(before)
      else if (before === undefined)
        socket.once('disconnect', () => {
          const held = heldBy.get(socket)
          if (held !== undefined && places.get(held)?.socket === socket) places.delete(held)
        })
      heldBy.set(socket, rid)
      places.set(rid, { socket, account, spoken: false })
      return { ok: true }
    },
    async join(runtime, firsts, { account, socket }, { rid, msg }) {
      requireTyp(msg.e, 'os1-join1', 'os1-join3')
      const found = places.get(rid)
      const place = found?.account === account ? found : undefined
      // Counted before it is looked up: a guesser out of tries does not learn of a hit either.
      if (!place?.spoken && !firsts.take(account)) throw new Refused('rate', 'rendezvous_guesses')
      if (!place) throw new Refused('no_rendezvous')
      place.spoken = true
      const exchange = runtime.routed.open({ envelope: msg.e, from: socket })
      const reply = await relay(runtime, place.socket, 'join', { rid, msg }, exchange)
      const result = 'hint' in reply ? reply.hint : (Object.keys(reply)[0] ?? 'none')
      runtime.log({ event: 'relay', kind: 'join', result, from: runtime.pseudonym(account) })
      return reply
    },
  }
}
