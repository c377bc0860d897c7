/** One packet of RTP as it is to leave (RFC 3550 §5.1), its payload shared with other viewers and never changed. */
export type RtpFields = {
  ssrc: number
  payloadType: number
  /** 16 bits; of one SSRC each number once, one after another */
  sequence: number
  /** 32 bits */
  timestamp: number
  marker: boolean
  /** the payload is padding only */
  padding: boolean
  /** transport-wide number, where the stream has them */
  wide: number | undefined
  payload: Buffer
}

export const HEADER_BYTES = 12
/** The extension's own header, one element of two bytes, and what fills the word (RFC 8285 §4.2). */
export const EXTENSION_BYTES = 8
const ONE_BYTE_FORM = 0xbede

/** Writes the header at the beginning of `into`. @returns its length in bytes */
export function writeRtpHeader(into: Buffer, fields: RtpFields, extensionId: number): number {
  const { wide, timestamp, ssrc } = fields
  into[0] = 0x80 | (fields.padding ? 0x20 : 0) | (wide === undefined ? 0 : 0x10)
  into[1] = (fields.marker ? 0x80 : 0) | fields.payloadType
  into[2] = fields.sequence >> 8
  into[3] = fields.sequence
  into[4] = timestamp >>> 24
  into[5] = timestamp >>> 16
  into[6] = timestamp >>> 8
  into[7] = timestamp
  into[8] = ssrc >>> 24
  into[9] = ssrc >>> 16
  into[10] = ssrc >>> 8
  into[11] = ssrc
  if (wide === undefined) return HEADER_BYTES
  into[12] = ONE_BYTE_FORM >> 8
  into[13] = ONE_BYTE_FORM & 0xff
  into[14] = 0
  into[15] = 1
  into[16] = (extensionId << 4) | 1
  into[17] = wide >> 8
  into[18] = wide
  into[19] = 0
  return HEADER_BYTES + EXTENSION_BYTES
}
