import {
  CONTENT,
  type DtlsRecord,
  type Fragment,
  splitFragments,
  splitRecords,
} from '@ownsight/camera-agent/rtc/guard/records'

/** One DTLS record as bytes (RFC 6347 §4.1). */
export function recordBytes(type: number, epoch: number, sequence: number, body: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt8(type)
  header.writeUInt16BE(0xfefd, 1)
  header.writeUInt16BE(epoch, 3)
  header.writeUIntBE(sequence, 5, 6)
  header.writeUInt16BE(body.length, 11)
  return Buffer.concat([header, body])
}

/** One fragment of a handshake message in a plaintext record of its own (RFC 6347 §4.2.2). */
export function fragmentRecord(fragment: Fragment, sequence: number): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt8(fragment.type)
  header.writeUIntBE(fragment.length, 1, 3)
  header.writeUInt16BE(fragment.seq, 4)
  header.writeUIntBE(fragment.offset, 6, 3)
  header.writeUIntBE(fragment.data.length, 9, 3)
  return recordBytes(CONTENT.handshake, 0, sequence, Buffer.concat([header, fragment.data]))
}

let fresh = 1000

/** A plaintext handshake message anew, with other contents where given, under a record number of its own. */
export const message = (fragment: Fragment, change: Partial<Fragment> = {}): Buffer => {
  const data = change.data ?? fragment.data
  return fragmentRecord({ ...fragment, length: data.length, offset: 0, ...change, data }, fresh++)
}

/** A message, or a fragment of one, in pieces of `size` bytes. */
export function pieces(fragment: Fragment, size: number): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at < fragment.data.length; at += size) {
    const [offset, data] = [fragment.offset + at, fragment.data.subarray(at, at + size)]
    found.push(fragmentRecord({ ...fragment, offset, data }, fresh++))
  }
  return found
}

/** Rewrites the plaintext handshake messages of a datagram; each result travels as a datagram of its own. */
export function rewrite(datagram: Buffer, change: (fragment: Fragment) => Buffer[] | undefined): Buffer[] {
  return splitRecords(datagram).flatMap((record: DtlsRecord) => {
    if (record.type !== CONTENT.handshake || record.epoch !== 0) return [record.raw]
    return splitFragments(record.body).flatMap(fragment => change(fragment) ?? [record.raw])
  })
}
