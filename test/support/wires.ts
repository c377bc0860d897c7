import { CONTENT, splitFragments, splitRecords } from '@ownsight/camera-agent/rtc/guard/records'
import type { Wire } from '@ownsight/camera-agent/rtc/loopback'
import { pieces, rewrite } from './dtls-wire.ts'

/** What paths do to datagrams. `next` is where their chance comes from: numbers in [0, 1). */

export const lossy =
  (share: number, next: () => number): Wire =>
  data =>
    next() < share ? [] : [{ data, ms: 1 }]

export const reordering =
  (share: number, next: () => number): Wire =>
  data => [{ data, ms: next() < share ? 20 : 1 }]

/** One after the other. */
export const chain =
  (...wires: readonly Wire[]): Wire =>
  (data, to) =>
    wires.reduce(
      (parts, wire) =>
        parts.flatMap(part =>
          wire(part.data, to).map(each => ({ data: each.data, ms: (part.ms ?? 0) + (each.ms ?? 0) })),
        ),
      [{ data, ms: 0 }],
    )

/** Each handshake message of the viewer that is in the clear travels in datagrams of at most `size` bytes of it. */
export const shredding =
  (size: number): Wire =>
  (data, to) =>
    to === 'server' && isDtls(data)
      ? rewrite(data, fragment => pieces(fragment, size)).map(each => ({ data: each }))
      : [{ data }]

/** Each handshake message is lost the first time it is sent, whichever way it goes. */
export function losingFirst(): Wire {
  const known = new Set<string>()
  return (data, to) => {
    const fresh = handshakeIn(data).filter(name => !known.has(`${to} ${name}`))
    for (const name of fresh) known.add(`${to} ${name}`)
    return fresh.length > 0 ? [] : [{ data }]
  }
}

/** RFC 7983 §7 */
const isDtls = (data: Buffer): boolean => (data[0] ?? 0) >= 20 && (data[0] ?? 0) <= 63

/** The handshake messages a datagram has a part of: type and number, or `sealed` for Finished. */
export const handshakeIn = (data: Buffer): string[] =>
  !isDtls(data)
    ? []
    : splitRecords(data)
        .filter(({ type }) => type === CONTENT.handshake)
        .flatMap(({ epoch, body }) =>
          epoch > 0 ? ['sealed'] : splitFragments(body).map(({ type, seq }) => `${type}/${seq}`),
        )

const BINDING_REQUEST = 0x0001
const USE_CANDIDATE = 0x0025

/** A check that nominates its pair (RFC 8445 §8.1.1). */
export function isNomination(data: Buffer): boolean {
  if (data.length < 20 || data.readUInt16BE(0) !== BINDING_REQUEST) return false
  for (let at = 20; at + 4 <= data.length; at += 4 + ((data.readUInt16BE(at + 2) + 3) & ~3))
    if (data.readUInt16BE(at) === USE_CANDIDATE) return true
  return false
}
