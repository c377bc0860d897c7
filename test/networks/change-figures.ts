/** What a sudden change of a line did to the picture, from what was seen of it; all times in ms. */
export type Late = { at: number; ms: number }
/** width of the picture, and bytes that have come out of the line since it was made */
export type Size = { at: number; width: number; bytes: number }

export type Drop = {
  /** before the drop */
  width: number
  kbit: number
  low: { width: number; kbit: number }
  /** longest time without a new picture at the low rate */
  stall: number
  /** from the drop until pictures are fresh, and stay so for a second; undefined when they never were */
  back: number | undefined
  /** 95th percentile of latency from 5 s after the drop on */
  later: number
  /** from the return until the picture is what it was before */
  found: number | undefined
}

const FRESH_MS = 500
const FOR_MS = 1000
const RATE_SPAN_MS = 1000
const RATE_PART = 0.7

export function longestGap(pictures: readonly { at: number }[], from: number, to: number): number {
  const times = [from, ...pictures.map(({ at }) => at).filter(at => at > from && at < to), to]
  return Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? at)))
}

/** From `since` to the first picture that, like all in the second after it, is no later than half a second. */
export function firstUnder(pictures: readonly Late[], since: number): number | undefined {
  const fresh = pictures.find(({ at }) => {
    const next = pictures.filter(each => each.at >= at && each.at <= at + FOR_MS)
    return next.length > 1 && next.every(({ ms }) => ms <= FRESH_MS)
  })
  return fresh && fresh.at - since
}

/** From `since` until the picture is as large as before, and most of the bits of before come again. */
export function foundAt(
  sizes: readonly Size[],
  since: number,
  before: { width: number; kbit: number },
): number | undefined {
  const found = sizes.find(({ at, width, bytes }) => {
    const earlier = sizes.findLast(each => each.at <= at - RATE_SPAN_MS)
    if (!earlier || width < before.width) return false
    return ((bytes - earlier.bytes) * 8) / (at - earlier.at) >= RATE_PART * before.kbit
  })
  return found && found.at - since
}

/** What is asked for when a line falls from 4 Mbit/s to 300 kbit/s and comes back; undefined when it is all met. */
export function fallsShort({ stall, back, found }: Drop): string | undefined {
  if (stall >= 1000) return 'a stall of a second'
  if (back === undefined || back > 5000) return 'latency not back under 500 ms in 5 s'
  if (found === undefined || found > 10_000) return 'the return not found in 10 s'
  return undefined
}
