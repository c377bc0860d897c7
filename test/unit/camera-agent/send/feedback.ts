import type { TwccFeedback } from '@ownsight/camera-agent/rtc/send/twcc'

const TICKS_PER_REFERENCE = 256

/** As a receiver tells it (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1), one two-bit vector after another. */
export function twccPacket(base: number, arrivals: (number | undefined)[]): Buffer {
  const first = arrivals.find(arrival => arrival !== undefined) ?? 0
  const reference = Math.floor((first * 4) / TICKS_PER_REFERENCE)
  let ticks = reference * TICKS_PER_REFERENCE
  const symbols: number[] = []
  const deltas: Buffer[] = []
  for (const arrival of arrivals) {
    if (arrival === undefined) {
      symbols.push(0)
      continue
    }
    const delta = Math.round(arrival * 4) - ticks
    ticks += delta
    const small = delta >= 0 && delta < 256
    symbols.push(small ? 1 : 2)
    const bytes = Buffer.alloc(small ? 1 : 2)
    if (small) bytes.writeUInt8(delta)
    else bytes.writeInt16BE(delta)
    deltas.push(bytes)
  }
  const chunks: Buffer[] = []
  for (let at = 0; at < symbols.length; at += 7) {
    const chunk = Buffer.alloc(2)
    const seven = Array.from({ length: 7 }, (_, i) => symbols[at + i] ?? 0)
    chunk.writeUInt16BE(seven.reduce((bits, symbol, i) => bits | (symbol << (12 - 2 * i)), 0xc000))
    chunks.push(chunk)
  }
  const fixed = Buffer.alloc(8)
  fixed.writeUInt16BE(base & 0xffff, 0)
  fixed.writeUInt16BE(arrivals.length, 2)
  fixed.writeUIntBE(reference & 0xffffff, 4, 3)
  return rtcp(205, 15, Buffer.concat([Buffer.alloc(8), fixed, ...chunks, ...deltas]))
}

/** One RTCP packet, padded to its 32-bit words as RFC 3550 §6.4.1 has it. */
export function rtcp(type: number, count: number, body: Buffer): Buffer {
  const padding = (4 - (body.length % 4)) % 4
  const header = Buffer.alloc(4)
  header.writeUInt8(0x80 | (padding > 0 ? 0x20 : 0) | count, 0)
  header.writeUInt8(type, 1)
  header.writeUInt16BE((body.length + padding) / 4, 2)
  const tail = Buffer.alloc(padding)
  if (padding > 0) tail.writeUInt8(padding, padding - 1)
  return Buffer.concat([header, body, tail])
}

/** The same, already parsed. */
export function told(base: number, arrivals: (number | undefined)[]): TwccFeedback {
  const first = arrivals.find(arrival => arrival !== undefined) ?? 0
  const reference = Math.floor(first / 64)
  const round = (ms: number): number => Math.round(ms * 4) / 4
  return {
    base: base & 0xffff,
    reference: reference & 0xffffff,
    arrivals: arrivals.map(at => (at === undefined ? undefined : round(at - reference * 64))),
  }
}
