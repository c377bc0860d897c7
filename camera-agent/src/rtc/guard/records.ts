/** One DTLS record as it lies in a datagram (RFC 6347 §4.1). */
export type DtlsRecord = { type: number; epoch: number; sequence: bigint; body: Buffer; raw: Buffer }

export const CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const

const HEADER = 13

/** The whole records at the front of a datagram; what follows a malformed one is dropped. */
export function splitRecords(datagram: Buffer): DtlsRecord[] {
  const records: DtlsRecord[] = []
  let at = 0
  while (datagram.length - at >= HEADER) {
    const length = datagram.readUInt16BE(at + 11)
    const end = at + HEADER + length
    if (end > datagram.length || datagram[at + 1] !== 0xfe) break
    records.push({
      type: datagram.readUInt8(at),
      epoch: datagram.readUInt16BE(at + 3),
      sequence: datagram.readBigUInt64BE(at + 3) & 0xffffffffffffn,
      body: datagram.subarray(at + HEADER, end),
      raw: datagram.subarray(at, end),
    })
    at = end
  }
  return records
}

/** A fragment of a handshake message (RFC 6347 §4.2.2). */
export type Fragment = { type: number; length: number; seq: number; offset: number; data: Buffer }

const FRAGMENT_HEADER = 12
/** No honest peer's message comes near it; a certificate chain is a few thousand bytes. */
const MESSAGE_MAX = 16 * 1024

export function splitFragments(body: Buffer): Fragment[] {
  const fragments: Fragment[] = []
  let at = 0
  while (body.length - at >= FRAGMENT_HEADER) {
    const size = body.readUIntBE(at + 9, 3)
    const fragment = {
      type: body.readUInt8(at),
      length: body.readUIntBE(at + 1, 3),
      seq: body.readUInt16BE(at + 4),
      offset: body.readUIntBE(at + 6, 3),
      data: body.subarray(at + FRAGMENT_HEADER, at + FRAGMENT_HEADER + size),
    }
    const whole = fragment.data.length === size && fragment.offset + size <= fragment.length
    if (!whole || fragment.length > MESSAGE_MAX) break
    fragments.push(fragment)
    at += FRAGMENT_HEADER + size
  }
  return fragments
}
