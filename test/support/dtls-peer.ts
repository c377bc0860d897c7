import { splitFragments, splitRecords } from '@ownsight/camera-agent/rtc/guard/records'
import type { Loopback, Wire } from '@ownsight/camera-agent/rtc/loopback'
import { internal } from '@ownsight/camera-agent/rtc/werift'

/** The client's last flight, message by message: each call writes the next one, with a coherent transcript. */
export type LastFlight = {
  cipher: { localCert: Buffer; verifyData(transcript: Buffer): Buffer; signatureData(data: Buffer): Buffer }
  sendCertificate(): Buffer
  sendClientKeyExchange(): Buffer
  sendCertificateVerify(): Buffer
  sendChangeCipherSpec(): Buffer
  sendFinished(): Buffer
}
type Private = LastFlight & {
  dtls: { flight: number; lastMessage: Buffer[] }
  exec(): Promise<void>
  transmit(records: Buffer[]): Promise<void>
  createPacket(messages: unknown[]): { serialize(): Buffer }[]
}

/** Lets the client of a loopback send what `write` returns in place of its last flight. */
export function sendInstead(line: Loopback, write: (flight: LastFlight) => Buffer[]): void {
  let held: Private | undefined
  Object.defineProperty(line.client, 'flight5', {
    get: () => held,
    set(flight: Private) {
      held = flight
      flight.exec = async () => {
        if (flight.dtls.flight === 5) return
        flight.dtls.flight = 5
        flight.dtls.lastMessage = write(flight)
        await flight.transmit(flight.dtls.lastMessage)
      }
    },
  })
}

/** A Certificate message with no certificate in it (RFC 5246 §7.4.6). */
export function emptyCertificate(flight: LastFlight): Buffer {
  const { Certificate } = internal<{ Certificate: new (list: Buffer[]) => unknown }>(
    'dtls/src/handshake/message/certificate.js',
  )
  return serialized(flight, new Certificate([]))
}

/** A CertificateVerify of any kind. */
export function certificateVerify(flight: LastFlight, scheme: number, signature: Buffer): Buffer {
  const { CertificateVerify } = internal<{
    CertificateVerify: new (scheme: number, signature: Buffer) => unknown
  }>('dtls/src/handshake/message/client/certificateVerify.js')
  return serialized(flight, new CertificateVerify(scheme, signature))
}

const serialized = (flight: LastFlight, message: unknown): Buffer =>
  Buffer.concat((flight as Private).createPacket([message]).map(packet => packet.serialize()))

/** Cuts each handshake message in the clear into fragments of `size` bytes, one per datagram. */
export const fragmenting =
  (size: number): Wire =>
  (data, to) =>
    to === 'client'
      ? [{ data }]
      : splitRecords(data)
          .flatMap(({ raw }) => cut(raw, size))
          .map(data => ({ data }))

function cut(record: Buffer, size: number): Buffer[] {
  const [whole] = splitFragments(record.subarray(13))
  if (record[0] !== 22 || record.readUInt16BE(3) !== 0 || !whole || whole.length === 0) return [record]
  const parts: Buffer[] = []
  for (let at = 0; at < whole.length; at += size) {
    const body = whole.data.subarray(at, at + size)
    const header = Buffer.from(record.subarray(0, 13 + 12))
    header.writeUInt16BE(12 + body.length, 11)
    header.writeUIntBE(at, 13 + 6, 3)
    header.writeUIntBE(body.length, 13 + 9, 3)
    parts.push(Buffer.concat([header, body]))
  }
  return parts
}

/** Changes each ClientHello on its way, by its body (RFC 6347 §4.2.1). */
export const changingHello =
  (change: (hello: Buffer) => void): Wire =>
  (data, to) => {
    if (to === 'server' && data[0] === 22 && data[13] === 1) change(data.subarray(13 + 12))
    return [{ data }]
  }
