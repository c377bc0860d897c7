import type { Delivery, Hint, Reply, Request } from '@ownsight/protocol/events'
import { mayReach } from './cameras.ts'
import { hintOf } from './handle.ts'
import { relay, requireTyp } from './relay.ts'
import type { Exchange } from './routed-log.ts'
import type { Runtime } from './runtime.ts'
import type { DeviceSocket } from './sockets.ts'

/** The device that asks: its connection, its account, and its stand-in for the log. */
export type Asker = { socket: DeviceSocket; account: string; pseudonym: string }

/**
 * The server's whole part in a live view: one sealed offer to the camera it names, one sealed reply back. It can
 * refuse and it can fail; it opens nothing and adds nothing.
 */
export async function watch(
  runtime: Runtime,
  asker: Asker,
  { cam, offer }: Request<'offer'>,
): Promise<Reply<'offer'> | Hint> {
  requireTyp(offer, 'os1-offer')
  return route(runtime, asker, cam, 'offer', { offer })
}

/** The same road for an owner's policy and the camera's signed ack. */
export async function deliverPolicy(
  runtime: Runtime,
  asker: Asker,
  { cam, policy }: Request<'policy'>,
): Promise<Reply<'policy'> | Hint> {
  requireTyp(policy, 'os1-policy')
  return route(runtime, asker, cam, 'policy', { policy })
}

/** An admin's question what is in force. */
export async function deliverRead(
  runtime: Runtime,
  asker: Asker,
  { cam, read }: Request<'read'>,
): Promise<Reply<'read'> | Hint> {
  requireTyp(read, 'os1-read')
  return route(runtime, asker, cam, 'read', { read })
}

/** A guest who ties a key to an invitation. */
export async function deliverRedeem(
  runtime: Runtime,
  asker: Asker,
  { cam, redeem }: Request<'redeem'>,
): Promise<Reply<'redeem'> | Hint> {
  requireTyp(redeem, 'os1-redeem')
  return route(runtime, asker, cam, 'redeem', { redeem })
}

/** An owner who hands the camera over. */
export async function deliverRelease(
  runtime: Runtime,
  asker: Asker,
  { cam, release }: Request<'release'>,
): Promise<Reply<'release'> | Hint> {
  requireTyp(release, 'os1-release')
  return route(runtime, asker, cam, 'release', { release })
}

async function route<K extends 'offer' | 'policy' | 'read' | 'redeem' | 'release'>(
  runtime: Runtime,
  asker: Asker,
  cam: string,
  kind: K,
  delivery: Delivery<K>,
): Promise<Reply<K> | Hint> {
  const camera = (await mayReach(runtime.db, asker.account, cam)) ? runtime.presence.camera(cam) : null
  const envelope = Object.values(delivery).join('')
  const exchange = runtime.routed.open({ envelope, from: asker.socket, asked: cam })
  const reply = camera
    ? await relay(runtime, camera, kind, delivery, exchange)
    : unrouted(runtime, kind, camera === null ? 'unknown_camera' : 'offline', exchange)
  runtime.log({
    event: 'relay',
    kind,
    size: envelope.length,
    result: 'hint' in reply ? reply.hint : (Object.keys(reply)[0] ?? 'none'),
    from: asker.pseudonym,
    to: runtime.pseudonym(cam),
  })
  return reply
}

function unrouted(
  runtime: Runtime,
  kind: string,
  hint: 'unknown_camera' | 'offline',
  exchange: Exchange,
): Hint {
  runtime.metrics.relayed.inc({ kind, result: hint })
  exchange.replied(hintOf(hint))
  return hintOf(hint)
}
