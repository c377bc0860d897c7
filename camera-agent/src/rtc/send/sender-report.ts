const SR = 200
const SDES = 202
const CNAME = 1
/** From 1900 to 1970 (RFC 868). */
const NTP_EPOCH_S = 2_208_988_800

export type Reported = {
  ssrc: number
  cname: string
  /** Unix time, ms */
  at: number
  /** what the stream's RTP time is then */
  timestamp: number
  packets: number
  bytes: number
}

/** Sender report and source description as one compound packet (RFC 3550 §6.1, §6.4.1, §6.5). */
export function senderReport({ ssrc, cname, at, timestamp, packets, bytes }: Reported): Buffer {
  const report = Buffer.alloc(28)
  writeHeader(report, SR, 0, report.length)
  report.writeUInt32BE(ssrc, 4)
  const seconds = Math.floor(at / 1000)
  report.writeUInt32BE((seconds + NTP_EPOCH_S) >>> 0, 8)
  report.writeUInt32BE(Math.floor(((at - seconds * 1000) / 1000) * 2 ** 32) >>> 0, 12)
  report.writeUInt32BE(timestamp >>> 0, 16)
  report.writeUInt32BE(packets >>> 0, 20)
  report.writeUInt32BE(bytes % 2 ** 32, 24)
  const name = Buffer.from(cname)
  const description = Buffer.alloc(Math.ceil((8 + 2 + name.length + 1) / 4) * 4)
  writeHeader(description, SDES, 1, description.length)
  description.writeUInt32BE(ssrc, 4)
  description.writeUInt8(CNAME, 8)
  description.writeUInt8(name.length, 9)
  name.copy(description, 10)
  return Buffer.concat([report, description])
}

function writeHeader(into: Buffer, type: number, count: number, bytes: number): void {
  into.writeUInt8(0x80 | count, 0)
  into.writeUInt8(type, 1)
  into.writeUInt16BE(bytes / 4 - 1, 2)
}
