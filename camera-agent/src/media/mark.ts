import { createHash, createHmac } from 'node:crypto'

/**
 * The machine-readable mark of the test pattern: 160 bits drawn as black and white cells. It lets a test say
 * which camera a picture came from, which frame it was, and that nobody else drew it.
 *
 * | bits | field |
 * |---|---|
 * | 4 | `1010`, so that both colours are always there |
 * | 4 | version |
 * | 64 | camera tag: the first bytes of SHA-256 of the camera id |
 * | 32 | frame counter |
 * | 40 | HMAC-SHA-256 under the run's key over everything before it, truncated |
 * | 16 | CRC-16/CCITT over everything before it |
 */
export const MARK_BYTES = 20
const VERSION = 1
const MAC_BYTES = 5
const SIGNED_BYTES = 13

export type Mark = { camera: string; counter: number; mac: string }

/** How the mark lies in a picture `width` pixels wide: square cells over the full width, at the very bottom. */
export type MarkLayout = { columns: number; rows: number; cell: number; height: number }

export function markLayout(width: number): MarkLayout {
  const columns = width >= 640 ? 80 : 40
  const rows = (MARK_BYTES * 8) / columns
  return { columns, rows, cell: width / columns, height: Math.round((width / columns) * rows) }
}

/** The camera tag as 16 hexadecimal digits. */
export const cameraTag = (camId: string): string =>
  createHash('sha256').update(camId, 'utf8').digest('hex').slice(0, 16)

/** A pure encoder for one camera; `counter` is taken modulo 2^32. */
export function markEncoder(camId: string, key: Uint8Array): (counter: number) => Buffer {
  const tag = Buffer.from(cameraTag(camId), 'hex')
  return counter => {
    const mark = Buffer.alloc(MARK_BYTES)
    mark[0] = 0xa0 | VERSION
    tag.copy(mark, 1)
    mark.writeUInt32BE(counter >>> 0, 9)
    macOf(mark.subarray(0, SIGNED_BYTES), key).copy(mark, SIGNED_BYTES)
    mark.writeUInt16BE(crc16(mark.subarray(0, SIGNED_BYTES + MAC_BYTES)), SIGNED_BYTES + MAC_BYTES)
    return mark
  }
}

/** True when `mark` was drawn for `camId` by whoever holds `key`. */
export function verifyMark(mark: Mark, camId: string, key: Uint8Array): boolean {
  const expected = markEncoder(camId, key)(mark.counter)
  return (
    mark.camera === expected.toString('hex', 1, 9) &&
    mark.mac === expected.toString('hex', SIGNED_BYTES, SIGNED_BYTES + MAC_BYTES)
  )
}

const macOf = (signed: Buffer, key: Uint8Array) =>
  createHmac('sha256', key).update(signed).digest().subarray(0, MAC_BYTES)

function crc16(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc
}
