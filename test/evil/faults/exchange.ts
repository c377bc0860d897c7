import type { HttpRequest, HttpResponse } from '../http-front.ts'
import type { Packet } from '../link.ts'
import type { Fault } from '../world.ts'

/** Two things of one kind that change places. */

/**
 * Holds a packet that `fits`, up to a second, until another comes: one of another connection, or of the same one when
 * `sameLink`. Then each goes the other's way.
 */
export function exchange(fits: (packet: Packet) => boolean, sameLink = false): NonNullable<Fault['packet']> {
  let held: Packet | undefined
  return (packet, world) => {
    if (!fits(packet)) return undefined
    const first = held
    if (!first) {
      held = packet
      world.later(1000, () => {
        if (held !== packet) return
        held = undefined
        world.deliver(packet)
      })
      return []
    }
    const pairs = sameLink ? first.link === packet.link && first.id !== packet.id : first.link !== packet.link
    if (first.event !== packet.event || !pairs) return undefined
    held = undefined
    return [
      { ...packet, body: first.body },
      { ...first, body: packet.body },
    ]
  }
}

/** Keeps the responses that `fits` by cookie; a request gets the newest one that another cookie has fetched. */
export function exchangeResponses(fits: (request: HttpRequest) => boolean): NonNullable<Fault['response']> {
  const kept = new Map<string, HttpResponse>()
  return (response, request) => {
    if (!fits(request) || response.status !== 200) return undefined
    const cookie = request.headers.cookie ?? ''
    const other = [...kept].findLast(([owner]) => owner !== cookie)?.[1]
    kept.delete(cookie)
    kept.set(cookie, response)
    return other
  }
}
