import type { Packet } from '../link.ts'
import { type Fault, replyTo, type World } from '../world.ts'
import { exchange } from './exchange.ts'

/** The server sends the right message to the wrong place, or says who is there when they are not. */

const TO_CAMERAS = ['offer', 'policy', 'read', 'redeem', 'release']

const isRequestToCamera = ({ direction, is, event }: Packet): boolean =>
  direction === 'up' && is === 'event' && TO_CAMERAS.includes(event)

const otherCameras = (world: World, than: unknown) =>
  world.links().filter(link => link.cam !== undefined && link.cam !== than)

/** What a camera would be handed of a viewer's request. */
function deliveryOf(body: unknown): unknown {
  const { cam: _, ...delivery } = body as { cam?: string }
  return delivery
}

export const reroute: Fault = {
  what: "a viewer's request goes to another camera, of whatever account, and that camera's reply comes back",
  packet(packet, world) {
    if (!isRequestToCamera(packet)) return undefined
    const other = world.pick(otherCameras(world, (packet.body as { cam?: string }).cam))
    if (!other) return undefined
    void other
      .ask('down', packet.event, deliveryOf(packet.body))
      .then(reply => world.deliver(replyTo(packet, reply)))
    return []
  },
}

export const fanOut: Fault = {
  what: 'a request reaches its own camera and every other one too; the first reply wins',
  packet(packet, world) {
    if (!isRequestToCamera(packet)) return undefined
    for (const other of otherCameras(world, (packet.body as { cam?: string }).cam).slice(0, 8))
      void other
        .ask('down', packet.event, deliveryOf(packet.body))
        .then(reply => world.deliver(replyTo(packet, reply)))
    return [packet]
  },
}

const isPresence = ({ direction, event, is }: Packet): boolean =>
  direction === 'down' && is === 'event' && event === 'presence'

export const swapPresence: Fault = {
  what: "one camera's presence and beacon are announced under another camera's id",
  packet(packet, world) {
    const { cam } = packet.body as { cam?: string }
    const other = isPresence(packet) && world.pick(otherCameras(world, cam))
    return other ? [{ ...packet, body: { ...(packet.body as object), cam: other.cam } }] : undefined
  },
}

export const lieOffline: Fault = {
  what: 'a camera that is there is said to be offline',
  packet(packet) {
    const { cam, online } = packet.body as { cam?: string; online?: boolean }
    if (isPresence(packet) && online) return [{ ...packet, body: { cam, online: false } }]
    if (packet.direction === 'up' && packet.is === 'event' && packet.event === 'beacon')
      return [replyTo(packet, { hint: 'offline' })]
    return undefined
  },
}

/** The beacon in a presence event, or in the reply to the question for it. */
function beaconOf(packet: Packet): string | undefined {
  const carries = isPresence(packet) || (packet.direction === 'down' && packet.event === 'beacon')
  return carries ? (packet.body as { beacon?: string }).beacon : undefined
}

const published = (world: World) =>
  world.bag.filter(({ direction, event, is }) => direction === 'up' && is === 'event' && event === 'publish')

const withBeacon = (packet: Packet, from: Packet | undefined): Packet[] | undefined =>
  from && [
    { ...packet, body: { ...(packet.body as object), beacon: (from.body as { beacon: string }).beacon } },
  ]

export const foreignBeacon: Fault = {
  what: "a viewer is given another camera's beacon",
  packet(packet, world) {
    const beacon = beaconOf(packet)
    if (!beacon) return undefined
    const mine = published(world).find(each => (each.body as { beacon: string }).beacon === beacon)?.link.cam
    return withBeacon(packet, world.pick(published(world).filter(each => each.link.cam !== mine)))
  },
}

export const oldBeacon: Fault = {
  what: 'a viewer is given an earlier beacon of the same camera',
  packet(packet, world) {
    const beacon = beaconOf(packet)
    if (!beacon) return undefined
    const all = published(world)
    const mine = all.find(each => (each.body as { beacon: string }).beacon === beacon)?.link.cam
    const older = all.filter(
      each => each.link.cam === mine && (each.body as { beacon: string }).beacon !== beacon,
    )
    return withBeacon(packet, older[0])
  },
}

export const swapChallenges = (): Fault => ({
  what: 'two devices that connect at once are given each other’s challenges',
  packet: exchange(
    ({ direction, event, is }) => direction === 'down' && is === 'event' && event === 'challenge',
  ),
})
