import { MAX_PAYLOAD } from './h264-payload.ts'

/** Bits of the payload descriptor (RFC 9628 §4.2): not a key frame, begins and ends a frame. */
const PREDICTED = 0x40
const BEGIN = 0x08
const END = 0x04
/** frame_type in the first byte of a frame of profile 0 (VP9 bitstream specification §6.2). */
const NON_KEY = 0x04

/** RTP payloads of one VP9 frame without layers: the one-byte descriptor says where it begins and ends. */
export function packetizeVp9(frame: Buffer): Buffer[] {
  const count = Math.ceil(frame.length / (MAX_PAYLOAD - 1))
  const size = Math.ceil(frame.length / Math.max(1, count))
  const predicted = (frame[0] ?? 0) & NON_KEY ? PREDICTED : 0
  return Array.from({ length: count }, (_, i) => {
    const descriptor = predicted | (i === 0 ? BEGIN : 0) | (i === count - 1 ? END : 0)
    return Buffer.concat([Buffer.from([descriptor]), frame.subarray(i * size, (i + 1) * size)])
  })
}
