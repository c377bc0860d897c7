/**
 * Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): which packets
 * came, and when by the receiver's clock. Parsed here and not by werift, whose parser reads past the packet's end.
 */
export type TwccFeedback = {
  /** transport-wide sequence number of the first packet, 16 bits */
  base: number
  /** 24 bits, in units of 64 ms */
  reference: number
  /** in order from `base`: ms after the reference time, or undefined for a packet that has not come */
  arrivals: (number | undefined)[]
}

const FIXED_BYTES = 8
const TICK_MS = 0.25
const NOT_RECEIVED = 0
const SMALL_DELTA = 1
const LARGE_DELTA = 2
/** More than any receiver has to tell at once; a longer claim is made up. */
const STATUS_MAX = 8192

/** @param body what follows the two SSRCs. Undefined when its parts do not fit in it. */
export function parseTwcc(body: Buffer): TwccFeedback | undefined {
  if (body.length < FIXED_BYTES) return undefined
  const count = body.readUInt16BE(2)
  if (count === 0 || count > STATUS_MAX) return undefined
  const symbols: number[] = []
  let at = FIXED_BYTES
  for (; symbols.length < count; at += 2) {
    if (at + 2 > body.length) return undefined
    readChunk(body.readUInt16BE(at), count, symbols)
  }
  const arrivals: (number | undefined)[] = []
  let ticks = 0
  for (const symbol of symbols) {
    if (symbol === NOT_RECEIVED) {
      arrivals.push(undefined)
      continue
    }
    if (symbol !== SMALL_DELTA && symbol !== LARGE_DELTA) return undefined
    if (at + symbol > body.length) return undefined
    ticks += symbol === SMALL_DELTA ? body.readUInt8(at) : body.readInt16BE(at)
    at += symbol
    arrivals.push(ticks * TICK_MS)
  }
  return { base: body.readUInt16BE(0), reference: body.readUIntBE(4, 3), arrivals }
}

/** Run length, or a vector of one- or two-bit symbols (§3.1.3, §3.1.4). */
function readChunk(chunk: number, count: number, symbols: number[]): void {
  const room = count - symbols.length
  if (chunk < 0x8000) {
    const symbol = (chunk >> 13) & 3
    for (let left = Math.min(chunk & 0x1fff, room); left > 0; left--) symbols.push(symbol)
    // A run of nothing would never end.
    if ((chunk & 0x1fff) === 0) symbols.push(...Array<number>(room).fill(NOT_RECEIVED))
    return
  }
  const wide = (chunk & 0x4000) !== 0
  for (let i = 0; i < Math.min(wide ? 7 : 14, room); i++)
    symbols.push(wide ? (chunk >> (12 - 2 * i)) & 3 : (chunk >> (13 - i)) & 1)
}
