import type { Delivery, Hint, Reply, Request } from '@ownsight/protocol/events'
import { mayReach } from './cameras.ts'
import { hintOf } from './handle.ts'
import { relay, requireTyp } from './relay.ts'
import type { Exchange } from './routed-log.ts'
import type { Runtime } from './runtime.ts'
import type { DeviceSocket } from './sockets.ts'

/** The device that asks: its connection, its account, and its stand-in for the log. */
export type Asker = { socket: DeviceSocket; account: string; pseudonym: string }

/** What a viewer's device may send to a camera, and what its one envelope must claim to be. */
const TO_CAMERA = {
  offer: 'os1-offer',
  policy: 'os1-policy',
  read: 'os1-read',
  redeem: 'os1-redeem',
  release: 'os1-release',
} as const
type ToCamera = keyof typeof TO_CAMERA
export const TO_CAMERA_KINDS = Object.keys(TO_CAMERA) as ToCamera[]

/**
 * The server's whole part in a live view: one sealed offer to the camera it names, one sealed reply back. An owner's
 * and a guest's messages take the same road. It can refuse and it can fail; it opens nothing and adds nothing.
 */
export async function watch<K extends ToCamera>(
  runtime: Runtime,
  asker: Asker,
  kind: K,
  { cam, ...rest }: Request<K>,
): Promise<Reply<K> | Hint> {
  const delivery = rest as unknown as Delivery<K>
  requireTyp(Object.values(delivery).join(''), TO_CAMERA[kind])
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
