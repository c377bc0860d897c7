import {
  isBSlice,
  isParameterSet,
  joinAnnexB,
  NAL_IDR,
  NAL_SLICE,
  NAL_SPS,
  nalType,
  parseStreamHeader,
  splitAnnexB,
  splitLengthPrefixed,
} from './h264.ts'
import { isPlayable } from './h264-playable.ts'

export type AccessUnit = {
  /** Annex B; parameter sets stand before every IDR picture; nothing but slices and parameter sets is left. */
  data: Buffer
  key: boolean
  /** False once the stream shows something browsers do not play. Undefined before the first SPS. */
  playable: boolean | undefined
}

/** Brings a demuxer's H.264 packets, MP4 or Annex B, into the one form the agent packetizes. */
export function accessUnits(extradata: Buffer | null): (packet: Buffer) => AccessUnit {
  const header = parseStreamHeader(extradata)
  const known = new Map<string, Buffer>()
  let playable: boolean | undefined
  const learn = (set: Buffer) => {
    if (known.size < 64) known.set(set.toString('latin1', 0, 4) + nalType(set), Buffer.from(set))
    if (nalType(set) === NAL_SPS) playable = playable !== false && isPlayable(set)
  }
  header.parameterSets.forEach(learn)
  return packet => {
    const units = header.lengthSize ? splitLengthPrefixed(packet, header.lengthSize) : splitAnnexB(packet)
    for (const unit of units) {
      if (isParameterSet(unit)) learn(unit)
      else if (isBSlice(unit)) playable = false
    }
    const slices = units.filter(unit => nalType(unit) >= NAL_SLICE && nalType(unit) <= NAL_IDR)
    const key = slices.some(unit => nalType(unit) === NAL_IDR)
    const own = units.filter(isParameterSet)
    const sets = key && own.length === 0 ? [...known.values()].sort((a, b) => nalType(a) - nalType(b)) : own
    return { data: joinAnnexB([...sets, ...slices]), key, playable }
  }
}
