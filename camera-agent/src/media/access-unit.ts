import {
  bitReader,
  isBSlice,
  isParameterSet,
  joinAnnexB,
  NAL_IDR,
  NAL_PPS,
  NAL_SLICE,
  NAL_SPS,
  nalType,
  parseStreamHeader,
  splitAnnexB,
  splitLengthPrefixed,
} from './h264.ts'
import { type Obstacle, obstacleOf } from './h264-playable.ts'

export type AccessUnit = {
  /** Annex B; parameter sets stand before every IDR picture; nothing but slices and parameter sets is left. */
  data: Buffer
  key: boolean
  /** False once the stream shows something browsers do not play. Undefined before the first SPS. */
  playable: boolean | undefined
  /** What that was. */
  obstacle?: Obstacle | undefined
  /** False for a picture that comes before any SPS and PPS: nobody can decode it. */
  described: boolean
}

const MAX_SETS = 64

/** Brings a demuxer's H.264 packets, MP4 or Annex B, into the one form the agent packetizes. */
export function accessUnits(extradata: Buffer | null) {
  const known = new Map<string, Buffer>()
  let lengthSize = 0
  let obstacle: Obstacle | undefined
  /** A set replaces the one of its number (ITU-T H.264 §7.4.1.2.1): a new picture size comes under the old number. */
  const learn = (set: Buffer) => {
    const name = setName(set)
    if (name && (known.has(name) || known.size < MAX_SETS)) known.set(name, Buffer.from(set))
    if (nalType(set) === NAL_SPS) obstacle ??= obstacleOf(set)
  }
  const begin = (bytes: Buffer | null) => {
    const header = parseStreamHeader(bytes)
    lengthSize = header.lengthSize
    header.parameterSets.forEach(learn)
  }
  begin(extradata)
  const has = (type: number) => [...known.values()].some(set => nalType(set) === type)
  const read = (packet: Buffer): AccessUnit => {
    const units = lengthSize ? splitLengthPrefixed(packet, lengthSize) : splitAnnexB(packet)
    for (const unit of units) {
      if (isParameterSet(unit)) learn(unit)
      else if (isBSlice(unit)) obstacle ??= 'b_frames'
    }
    const slices = units.filter(unit => nalType(unit) >= NAL_SLICE && nalType(unit) <= NAL_IDR)
    const key = slices.some(unit => nalType(unit) === NAL_IDR)
    const own = units.filter(isParameterSet)
    const whole = [NAL_SPS, NAL_PPS].every(type => own.some(set => nalType(set) === type))
    const sets = key && !whole ? [...known.values()].sort((a, b) => nalType(a) - nalType(b)) : own
    return {
      data: slices.length > 0 ? joinAnnexB([...sets, ...slices]) : Buffer.alloc(0),
      key,
      playable: has(NAL_SPS) ? obstacle === undefined : undefined,
      obstacle,
      described: has(NAL_SPS) && has(NAL_PPS),
    }
  }
  /** `restart`: the demuxer hands over another header, for what comes now. */
  return Object.assign(read, { restart: begin })
}

/** Kind and number of a parameter set; undefined where it has none. */
function setName(set: Buffer): string | undefined {
  try {
    const reader = bitReader(set)
    if (nalType(set) === NAL_SPS) reader.bits(24)
    return `${nalType(set)} ${reader.ue()}`
  } catch {
    return undefined
  }
}
