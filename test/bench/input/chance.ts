/** Chance that can be had again: mulberry32, 32 bits of state. */
export type Chance = {
  /** an integer from 0 to below `n` */
  below(n: number): number
  pick<T>(from: readonly T[]): T
}

export function chance(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const below = (n: number): number => next() % Math.max(1, n)
  return { below, pick: from => from[below(from.length)] as (typeof from)[number] }
}

const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff]

/** One packet out of real ones: bytes changed, lengths lied about, cut, stretched, joined, or nothing but noise. */
export function mutatePacket(real: readonly Buffer[], by: Chance): Buffer {
  const one = Buffer.from(by.pick(real))
  const how = by.below(10)
  if (how === 0) return one.subarray(0, by.below(one.length + 1))
  if (how === 1) return Buffer.concat([one, noise(by.below(200), by)])
  if (how === 2) return Buffer.concat([one, by.pick(real)]).subarray(0, 1400)
  if (how === 3) return Buffer.concat([one.subarray(0, by.below(24)), noise(by.below(600), by)])
  if (how === 4 && one.length > 1)
    one.writeUInt16BE(
      by.pick([0, 1, 0x7fff, 0x8000, 0xffff, by.below(65_536)]),
      by.below(Math.min(40, one.length - 1)),
    )
  // The header decides which parser gets it: most changes are there.
  for (let i = by.below(4) + 1; i > 0 && one.length > 0; i--) {
    const at = by.below(by.below(3) > 0 ? Math.min(one.length, 32) : one.length)
    one[at] = by.below(2) > 0 ? (one[at] ?? 0) ^ (1 << by.below(8)) : by.pick(EDGES)
  }
  return one
}

export const noise = (length: number, by: Chance): Buffer =>
  Buffer.from(Array.from({ length }, () => by.below(256)))

/** A text message with one to three places changed, doubled or dropped. */
export function mutateText(text: string, by: Chance): string {
  const pieces = [
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\\',
    '\\u0000',
    '\u0000',
    'null',
    '-1',
    '1e999',
    '__proto__',
    '0',
  ]
  let changed = text
  for (let i = by.below(3) + 1; i > 0; i--) {
    const at = by.below(changed.length + 1)
    changed =
      changed.slice(0, at) + (by.below(3) > 0 ? by.pick(pieces) : '') + changed.slice(at + by.below(4))
  }
  return changed
}
