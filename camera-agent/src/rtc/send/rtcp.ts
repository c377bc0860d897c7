import { parseTwcc, type TwccFeedback } from './twcc.ts'

/** What a viewer's RTCP asks of the sender, by the packet types of RFC 3550 §6, RFC 4585 §6 and RFC 5104 §4.3.1. */
export type RtcpEvents = {
  twcc: TwccFeedback[]
  nacks: { ssrc: number; sequences: number[] }[]
  /** SSRCs of which a key frame is wanted, by PLI or FIR */
  keyframes: number[]
  reports: { ssrc: number; fractionLost: number; lastSr: number; delaySinceSr: number }[]
}

const REPORT_BYTES = 24
const SENDER_INFO_BYTES = 20
const SR = 200
const RR = 201
const RTPFB = 205
const PSFB = 206
const NACK = 1
const TWCC = 15
const PLI = 1
const FIR = 4

/**
 * Splits a compound packet by the lengths it states, each part read within its own bounds; a part that does not fit is
 * passed over with all that follows. werift's parser lets a NACK read on into its neighbours, and so resends at random.
 */
export function parseRtcp(data: Buffer): RtcpEvents {
  const events: RtcpEvents = { twcc: [], nacks: [], keyframes: [], reports: [] }
  for (const { type, count, body } of parts(data)) {
    if (type === SR) readReports(body.subarray(4 + SENDER_INFO_BYTES), count, events)
    else if (type === RR) readReports(body.subarray(4), count, events)
    else if (type === RTPFB && body.length >= 8) readTransportFeedback(body, count, events)
    else if (type === PSFB && body.length >= 8) readPayloadFeedback(body, count, events)
  }
  return events
}

/** The same compound packet without its feedback parts: what is left for werift. */
export const withoutFeedback = (data: Buffer): Buffer =>
  Buffer.concat(
    [...parts(data)].filter(({ type }) => type !== RTPFB && type !== PSFB).map(({ whole }) => whole),
  )

function* parts(data: Buffer): Generator<{ type: number; count: number; body: Buffer; whole: Buffer }> {
  for (let at = 0; at + 4 <= data.length; ) {
    const first = data.readUInt8(at)
    const end = at + 4 + data.readUInt16BE(at + 2) * 4
    if (first >> 6 !== 2 || end > data.length) return
    const padding = first & 0x20 && end - at > 4 ? data.readUInt8(end - 1) : 0
    if (padding > end - at - 4) return
    yield {
      type: data.readUInt8(at + 1),
      count: first & 0x1f,
      body: data.subarray(at + 4, end - padding),
      whole: data.subarray(at, end),
    }
    at = end
  }
}

function readReports(blocks: Buffer, count: number, events: RtcpEvents): void {
  for (let at = 0; at + REPORT_BYTES <= blocks.length && at < count * REPORT_BYTES; at += REPORT_BYTES)
    events.reports.push({
      ssrc: blocks.readUInt32BE(at),
      fractionLost: blocks.readUInt8(at + 4) / 256,
      lastSr: blocks.readUInt32BE(at + 16),
      delaySinceSr: blocks.readUInt32BE(at + 20),
    })
}

function readTransportFeedback(body: Buffer, format: number, events: RtcpEvents): void {
  if (format === TWCC) {
    const feedback = parseTwcc(body.subarray(8))
    if (feedback) events.twcc.push(feedback)
  }
  if (format !== NACK) return
  const sequences: number[] = []
  for (let at = 8; at + 4 <= body.length; at += 4) {
    const first = body.readUInt16BE(at)
    const mask = body.readUInt16BE(at + 2)
    sequences.push(first)
    for (let i = 0; i < 16; i++) if (mask & (1 << i)) sequences.push((first + i + 1) & 0xffff)
  }
  events.nacks.push({ ssrc: body.readUInt32BE(4), sequences })
}

function readPayloadFeedback(body: Buffer, format: number, events: RtcpEvents): void {
  if (format === PLI) events.keyframes.push(body.readUInt32BE(4))
  if (format !== FIR) return
  // The media SSRC of a FIR is zero; each entry names its own (RFC 5104 §4.3.1.1).
  for (let at = 8; at + 8 <= body.length; at += 8) events.keyframes.push(body.readUInt32BE(at))
}
