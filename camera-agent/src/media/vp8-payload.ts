import { MAX_PAYLOAD } from './h264-payload.ts'

/** RTP payloads of one VP8 frame (RFC 7741 §4.2): the one-byte descriptor, S set on the first of the frame. */
export function packetizeVp8(frame: Buffer): Buffer[] {
  const count = Math.ceil(frame.length / (MAX_PAYLOAD - 1))
  const size = Math.ceil(frame.length / Math.max(1, count))
  return Array.from({ length: count }, (_, i) =>
    Buffer.concat([Buffer.from([i === 0 ? 0x10 : 0]), frame.subarray(i * size, (i + 1) * size)]),
  )
}
