import { MARK_BYTES, type Mark, markEncoder } from '@ownsight/camera-agent/media/mark'

/** The camera's mark in user_data_unregistered (H.264 D.1.7), as hexadecimal text: no byte of it needs escaping. */
const UUID = Buffer.from('6f776e73696768742d6d61726b2d7365', 'hex')
const NAL_SEI = 6

export function markedSei(camId: string, key: Uint8Array): (counter: number) => Buffer {
  const mark = markEncoder(camId, key)
  const head = Buffer.from([NAL_SEI, 5, UUID.length + MARK_BYTES * 2])
  return counter =>
    Buffer.concat([head, UUID, Buffer.from(mark(counter).toString('hex')), Buffer.from([0x80])])
}

/** The mark in one RTP payload, read without decoding: a NAL unit of its own, or one of several (RFC 6184 §5.7.1). */
export function readSei(payload: Buffer): Mark | undefined {
  const type = (payload[0] ?? 0) & 31
  if (type === NAL_SEI) return parse(payload)
  if (type !== 24) return undefined
  for (let at = 1; at + 2 < payload.length; at += 2 + payload.readUInt16BE(at)) {
    const found = parse(payload.subarray(at + 2, at + 2 + payload.readUInt16BE(at)))
    if (found) return found
  }
  return undefined
}

function parse(unit: Buffer): Mark | undefined {
  if (((unit[0] ?? 0) & 31) !== NAL_SEI || !unit.subarray(3, 19).equals(UUID)) return undefined
  const mark = Buffer.from(unit.toString('latin1', 19, 19 + MARK_BYTES * 2), 'hex')
  return {
    camera: mark.toString('hex', 1, 9),
    counter: mark.readUInt32BE(9),
    mac: mark.toString('hex', 13, 18),
  }
}
