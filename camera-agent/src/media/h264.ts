/** H.264 access units as lists of NAL units (ITU-T H.264 §7.3, Annex B). Pure; bounds checked; input is hostile. */

export const NAL_SLICE = 1
export const NAL_IDR = 5
export const NAL_SPS = 7
export const NAL_PPS = 8
const START_CODE = Buffer.from([0, 0, 0, 1])

export const nalType = (nal: Uint8Array): number => (nal[0] ?? 0) & 0x1f

/** NAL units of an Annex B byte stream, without start codes and trailing zeros. */
export function splitAnnexB(data: Buffer): Buffer[] {
  const units: Buffer[] = []
  let start = -1
  for (
    let at = data.indexOf('\0\0\x01', 0, 'latin1');
    at >= 0;
    at = data.indexOf('\0\0\x01', at + 3, 'latin1')
  ) {
    if (start >= 0) pushTrimmed(units, data, start, at)
    start = at + 3
  }
  if (start >= 0) pushTrimmed(units, data, start, data.length)
  return units
}

function pushTrimmed(units: Buffer[], data: Buffer, start: number, end: number) {
  let last = end
  while (last > start && data[last - 1] === 0) last--
  if (last > start) units.push(data.subarray(start, last))
}

/** NAL units of an MP4 sample (ISO/IEC 14496-15 §5.3.2); a length past the end ends the list. */
export function splitLengthPrefixed(data: Buffer, lengthSize: number): Buffer[] {
  const units: Buffer[] = []
  let at = 0
  while (at + lengthSize <= data.length) {
    const size = data.readUIntBE(at, lengthSize)
    at += lengthSize
    if (size === 0 || at + size > data.length) break
    units.push(data.subarray(at, at + size))
    at += size
  }
  return units
}

export function joinAnnexB(units: readonly Uint8Array[]): Buffer {
  return Buffer.concat(units.flatMap(unit => [START_CODE, unit]))
}

export type StreamHeader = { lengthSize: number; parameterSets: Buffer[] }

/** What a demuxer hands over beside the packets: avcC, or Annex B (`lengthSize` 0). */
export function parseStreamHeader(extradata: Buffer | null): StreamHeader {
  if (!extradata || extradata.length < 7) return { lengthSize: 0, parameterSets: [] }
  if (extradata[0] !== 1)
    return { lengthSize: 0, parameterSets: splitAnnexB(extradata).filter(isParameterSet) }
  const parameterSets: Buffer[] = []
  let at = 5
  for (const mask of [0x1f, 0xff]) {
    for (let left = (extradata[at++] ?? 0) & mask; left > 0 && at + 2 <= extradata.length; left--) {
      const size = extradata.readUInt16BE(at)
      if (at + 2 + size > extradata.length) break
      parameterSets.push(extradata.subarray(at + 2, at + 2 + size))
      at += 2 + size
    }
  }
  return { lengthSize: ((extradata[4] ?? 3) & 3) + 1, parameterSets: parameterSets.filter(isParameterSet) }
}

export const isParameterSet = (unit: Uint8Array): boolean =>
  nalType(unit) === NAL_SPS || nalType(unit) === NAL_PPS

/** Reads unsigned and Exp-Golomb values from a NAL unit's payload, emulation prevention removed (§7.4.1). */
export function bitReader(nal: Uint8Array) {
  const bytes: number[] = []
  for (let i = 1; i < Math.min(nal.length, 256); i++)
    if (!(nal[i] === 3 && nal[i - 1] === 0 && nal[i - 2] === 0)) bytes.push(nal[i] ?? 0)
  let position = 0
  const bit = () => {
    const byte = bytes[position >> 3]
    if (byte === undefined) throw new RangeError('NAL unit ends early')
    return (byte >> (7 - (position++ & 7))) & 1
  }
  const bits = (count: number) => {
    let value = 0
    for (let i = 0; i < count; i++) value = value * 2 + bit()
    return value
  }
  const ue = () => {
    let zeros = 0
    while (bit() === 0) if (++zeros > 32) throw new RangeError('Exp-Golomb code too long')
    return 2 ** zeros - 1 + bits(zeros)
  }
  return { bits, ue }
}

/** True for a slice that predicts from the future: WebRTC receivers do not reorder (slice_type 1 or 6, §7.4.3). */
export function isBSlice(nal: Uint8Array): boolean {
  if (nalType(nal) !== NAL_SLICE) return false
  try {
    const reader = bitReader(nal.subarray(0, 32))
    reader.ue()
    return reader.ue() % 5 === 1
  } catch {
    return false
  }
}
