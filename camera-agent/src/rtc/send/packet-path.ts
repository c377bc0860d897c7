import type { DtlsTransport, IceConnection } from '../guard/internals.ts'
import { GuardError } from '../guard-error.ts'
import { createDatagramOut } from './datagram-out.ts'
import { EXTENSION_BYTES, HEADER_BYTES, type RtpFields, writeRtpHeader } from './rtp-fields.ts'
import { AEAD_AES_128_GCM, AES_CM_HMAC_SHA1_80, type Encrypt, encryptCm, encryptGcm } from './srtp-cipher.ts'

/**
 * The way of one viewer's packets: fields of RTP in, a datagram out on the pair that ICE has selected. Whatever makes it
 * faster has this form: payloads come as they were cut once for all viewers, and are the same objects for each.
 */
export type PacketPath = {
  /** Nothing leaves unless the peer has proved possession and consents (RFC 7675). */
  send(packet: RtpFields): void
}

/** werift's transport as far as it is used here. */
type Transport = Pick<DtlsTransport, 'state'> & {
  srtp?: { localContext?: SrtpContext; encrypt(payload: Buffer, header: object): Buffer }
  iceTransport: { connection: IceConnection }
  sendRtp(payload: Buffer, header: object): Promise<unknown>
}
type SrtpContext = {
  profile: number
  srtpSessionKey: Buffer
  srtpSessionSalt: Buffer
  srtpSessionAuthTag: Buffer
}

/** @param extensionId under which the transport-wide number was negotiated */
export function openPacketPath(via: object, extensionId: number): PacketPath {
  const transport = via as Transport
  const leave = createDatagramOut(transport.iceTransport.connection)
  let protect: ((packet: RtpFields) => Buffer) | undefined
  let broken = false
  return {
    send(packet) {
      // `connected` is what werift says after the guard has seen the proof, and not before.
      if (broken || transport.state !== 'connected' || !transport.srtp) return
      broken = true
      protect ??= takeOver(transport, extensionId)
      leave(protect(packet))
      broken = false
    },
  }
}

/** The keys have one user from here on: a second writer could encrypt under an index that was used (RFC 3711 §9.1). */
function takeOver(transport: Transport, extensionId: number): (packet: RtpFields) => Buffer {
  const context = transport.srtp?.localContext
  if (!context) throw new GuardError('shape', 'werift has no SRTP keys where they were')
  const refuse = () => {
    throw new GuardError('shape', 'RTP leaves by one way only')
  }
  Object.defineProperty(transport, 'sendRtp', { value: refuse })
  Object.defineProperty(transport.srtp, 'encrypt', { value: refuse })
  return createProtection(context, extensionId)
}

/** Turns packets into SRTP, each good until the next, and sees to it that no index is used twice. @throws GuardError shape */
export function createProtection(context: SrtpContext, extensionId: number): (packet: RtpFields) => Buffer {
  const encrypt = cipherFor(context)
  const streams = new Map<number, { last: number; rollover: number }>()
  const long = Buffer.alloc(HEADER_BYTES + EXTENSION_BYTES)
  const short = long.subarray(0, HEADER_BYTES)
  return packet => {
    const { ssrc, sequence } = packet
    const stream = streams.get(ssrc) ?? { last: (sequence - 1) & 0xffff, rollover: 0 }
    if (sequence !== ((stream.last + 1) & 0xffff))
      throw new GuardError('shape', 'numbers of a stream follow one another')
    if (sequence === 0 && streams.has(ssrc)) stream.rollover++
    stream.last = sequence
    streams.set(ssrc, stream)
    const length = writeRtpHeader(long, packet, extensionId)
    const header = length === short.length ? short : long
    return encrypt(header, packet.payload, ssrc, stream.rollover, sequence)
  }
}

function cipherFor(context: SrtpContext): Encrypt {
  const { profile, srtpSessionKey: key, srtpSessionSalt: salt, srtpSessionAuthTag: authKey } = context
  const isWhole = key?.length === 16 && salt?.length === 14 && authKey?.length === 20
  if (isWhole && profile === AEAD_AES_128_GCM) return encryptGcm({ profile, key, salt, authKey })
  if (isWhole && profile === AES_CM_HMAC_SHA1_80) return encryptCm({ profile, key, salt, authKey })
  throw new GuardError('shape', 'the SRTP keys of werift have another form: run npm ci')
}
