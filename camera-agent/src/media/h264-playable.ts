import { bitReader } from './h264.ts'

const BASELINE = 66
const MAIN = 77
const HIGH = 100
type Reader = ReturnType<typeof bitReader>

/** Why a source has to be converted; `rare_keys`: nobody could join within a reasonable time. */
export const OBSTACLES = ['codec', 'b_frames', 'interlaced', 'profile', 'rare_keys'] as const
export type Obstacle = (typeof OBSTACLES)[number]

/**
 * What keeps browsers from playing a stream with this sequence parameter set as it is: they play baseline, main and
 * high profile, 8-bit 4:2:0, progressive (ITU-T H.264 §7.3.2.1.1). B-frames show in the slices, not here.
 */
export function obstacleOf(sps: Uint8Array): Extract<Obstacle, 'interlaced' | 'profile'> | undefined {
  try {
    const reader = bitReader(sps)
    const profile = reader.bits(8)
    reader.bits(16)
    reader.ue()
    if (profile === HIGH && !isPlainHigh(reader)) return 'profile'
    if (![BASELINE, MAIN, HIGH].includes(profile)) return 'profile'
    return isProgressive(reader) ? undefined : 'interlaced'
  } catch {
    return 'profile'
  }
}

export const isPlayable = (sps: Uint8Array): boolean => obstacleOf(sps) === undefined

function isPlainHigh(reader: Reader): boolean {
  const chroma = reader.ue()
  const depths = reader.ue() + reader.ue()
  reader.bits(1)
  const lists = reader.bits(1) * 8
  for (let list = 0; list < lists; list++) if (reader.bits(1)) skipScalingList(reader, list < 6 ? 16 : 64)
  return chroma === 1 && depths === 0
}

function skipScalingList(reader: Reader, size: number) {
  let last = 8
  let next = 8
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + signed(reader) + 256) % 256
    last = next === 0 ? last : next
  }
}

function isProgressive(reader: Reader): boolean {
  reader.ue()
  const pocType = reader.ue()
  if (pocType === 0) reader.ue()
  if (pocType === 1) {
    reader.bits(1)
    signed(reader)
    signed(reader)
    const cycle = reader.ue()
    if (cycle > 255) return false
    for (let i = 0; i < cycle; i++) signed(reader)
  }
  reader.ue()
  reader.bits(1)
  reader.ue()
  reader.ue()
  return reader.bits(1) === 1
}

function signed(reader: Reader): number {
  const code = reader.ue()
  return code % 2 ? (code + 1) / 2 : -code / 2
}
