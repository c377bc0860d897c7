import type { Packet } from '../link.ts'
import { claimsOf, envelopesIn } from '../wire.ts'
import { type Fault, isTraffic, replyTo, type World } from '../world.ts'
import { exchange } from './exchange.ts'

/** The right road, but the message is lost, late, twice, another's, old, or changed on the way. */

const isReply = ({ direction, is }: Packet): boolean => direction === 'down' && is === 'reply'

export const drop: Fault = {
  what: 'a message is lost',
  packet: packet => (isTraffic(packet) ? [] : undefined),
}

export const duplicate: Fault = {
  what: 'a message is delivered twice',
  packet: packet => (isTraffic(packet) ? [packet, packet] : undefined),
}

export const delay: Fault = {
  what: 'a message is held for 50 to 1,500 ms, so that later ones overtake it',
  packet(packet, world) {
    if (!isTraffic(packet)) return undefined
    world.later(50 + world.random() * 1450, () => world.deliver(packet))
    return []
  },
}

export const swapReplies = (): Fault => ({
  what: 'two requests that two viewers have in flight get each other’s replies',
  packet: exchange(packet => isReply(packet) && isTraffic(packet)),
})

export const swapAcks = (): Fault => ({
  what: 'two requests in flight on one connection get each other’s replies',
  packet: exchange(packet => packet.is === 'reply' && isTraffic(packet), true),
})

/** A reply is kept; the next request of this kind gets it, and leaves its own for the one after that. */
export const shiftReplies = (): Fault => {
  const held = new Map<string, Packet>()
  return {
    what: "a late reply goes to the next waiter, whose own goes to the one after: a pooled connection's off-by-one",
    packet(packet, world) {
      if (!isReply(packet) || !isTraffic(packet)) return undefined
      const before = held.get(packet.event)
      held.set(packet.event, packet)
      world.later(1500, () => {
        if (held.get(packet.event) !== packet) return
        held.delete(packet.event)
        world.deliver(packet)
      })
      return before ? [{ ...packet, body: before.body }] : []
    },
  }
}

/** An earlier packet of the same kind and direction, from anybody. */
function earlier(packet: Packet, world: World): Packet | undefined {
  const same = world.bag.filter(
    each =>
      each.direction === packet.direction &&
      each.is === packet.is &&
      each.event === packet.event &&
      envelopesIn(each.body).length > 0 &&
      JSON.stringify(each.body) !== JSON.stringify(packet.body),
  )
  return world.pick(same)
}

export const replay: Fault = {
  what: 'anything sent earlier, by anybody, takes the place of a message of its kind',
  packet(packet, world) {
    const other = isTraffic(packet) && earlier(packet, world)
    if (!other) return undefined
    // A request keeps the name of the camera it goes to: the old envelope inside is the attack.
    const { cam } = packet.body as { cam?: string }
    const body = cam === undefined ? other.body : { ...(other.body as object), cam }
    return [{ ...packet, body }]
  },
}

export const echo: Fault = {
  what: 'a viewer gets its own envelope back as the reply',
  packet(packet) {
    if (packet.direction !== 'up' || packet.is !== 'event' || packet.event !== 'offer') return undefined
    return [replyTo(packet, { answer: (packet.body as { offer: string }).offer })]
  },
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

export const mutate: Fault = {
  what: 'one character of a signed envelope is changed',
  packet(packet, world) {
    const target = isTraffic(packet) ? world.pick(envelopesIn(packet.body)) : undefined
    if (!target) return undefined
    const { jws } = target
    const at = Math.floor(world.random() * jws.length)
    const other = [...ALPHABET].filter(each => each !== jws[at])
    const changed = jws.slice(0, at) + world.pick(other) + jws.slice(at + 1)
    return [{ ...packet, body: target.replace(changed) }]
  },
}

export const splice: Fault = {
  what: 'the payload of one envelope goes under the header and signature of another, or its MAC',
  packet(packet, world) {
    const [target] = isTraffic(packet) ? envelopesIn(packet.body) : []
    const source = target && earlier(packet, world)
    const [foreign] = source ? envelopesIn(source.body) : []
    if (!target || !foreign) return undefined
    const [header, payload, signature] = target.jws.split('.')
    const [, otherPayload, otherSignature] = foreign.jws.split('.')
    const [first, second] = world.random() < 0.5 ? [otherPayload, signature] : [payload, otherSignature]
    return [{ ...packet, body: target.replace(`${header}.${first}.${second}`) }]
  },
}

/** A refusal of the server's own making, with no signature to it. */
export const inventRefusal: Fault = {
  what: 'the server answers in the place of the camera: a refusal it made up',
  packet(packet, world) {
    if (!isReply(packet) || packet.event !== 'offer') return undefined
    const answer = (packet.body as { answer?: string }).answer
    const claims = answer && claimsOf(answer)
    if (!claims) return undefined
    const body = {
      ...claims,
      typ: undefined,
      sdp: undefined,
      code: world.pick(['removed', 'unknown_viewer', 'expired']),
    }
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const forged = `${encode({ alg: 'ES256', typ: 'os1-refuse' })}.${encode(body)}.${answer.split('.')[2]}`
    return [{ ...packet, body: { refuse: forged } }]
  },
}
