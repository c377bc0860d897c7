import { isParameterSet, nalType, splitAnnexB } from './h264.ts'

/** RTP payloads stay below this many bytes, so that they fit a 1280-byte path with SRTP, UDP and IPv6 headers. */
export const MAX_PAYLOAD = 1200
const STAP_A = 24
const FU_A = 28
const FIRST_KEPT = 1
const LAST_KEPT = 8

/**
 * RTP payloads of one Annex B access unit (RFC 6184, packetization-mode 1): parameter sets and other small
 * units aggregated (STAP-A §5.7.1), large ones fragmented (FU-A §5.8). The last payload carries the marker bit.
 */
export function packetizeH264(accessUnit: Buffer): Buffer[] {
  const payloads: Buffer[] = []
  let small: Buffer[] = []
  const flush = () => {
    if (small.length === 1) payloads.push(small[0] as Buffer)
    if (small.length > 1) payloads.push(aggregate(small))
    small = []
  }
  for (const unit of splitAnnexB(accessUnit)) {
    if (nalType(unit) < FIRST_KEPT || nalType(unit) > LAST_KEPT) continue
    if (unit.length > MAX_PAYLOAD) {
      flush()
      payloads.push(...fragment(unit))
      continue
    }
    if (aggregateSize(small) + unit.length + 2 > MAX_PAYLOAD || !isParameterSet(unit)) flush()
    small.push(unit)
    if (!isParameterSet(unit)) flush()
  }
  flush()
  return payloads
}

const aggregateSize = (units: readonly Buffer[]) => units.reduce((size, unit) => size + 2 + unit.length, 1)

function aggregate(units: readonly Buffer[]): Buffer {
  const reference = Math.max(...units.map(unit => (unit[0] ?? 0) & 0x60))
  const out = Buffer.alloc(aggregateSize(units))
  out[0] = reference | STAP_A
  let at = 1
  for (const unit of units) {
    at = out.writeUInt16BE(unit.length, at)
    at += unit.copy(out, at)
  }
  return out
}

function fragment(unit: Buffer): Buffer[] {
  const header = unit[0] ?? 0
  const count = Math.ceil((unit.length - 1) / (MAX_PAYLOAD - 2))
  const size = Math.ceil((unit.length - 1) / count)
  return Array.from({ length: count }, (_, i) => {
    const part = unit.subarray(1 + i * size, Math.min(unit.length, 1 + (i + 1) * size))
    const edge = (i === 0 ? 0x80 : 0) | (i === count - 1 ? 0x40 : 0)
    return Buffer.concat([Buffer.from([(header & 0xe0) | FU_A, edge | (header & 0x1f)]), part])
  })
}
