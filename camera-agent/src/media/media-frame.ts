import type { Tier } from './tier.ts'

export const CODECS = ['h264', 'vp8', 'vp9'] as const
export type Codec = (typeof CODECS)[number]

/** One of the streams a source is coded into; it is shared by all viewers who are sent it. */
export type Encoding = { codec: Codec; tier: Tier }

/** One access unit as RTP payloads, made once for all viewers; the last payload carries the marker bit. */
export type MediaFrame = {
  payloads: readonly Buffer[]
  /** 90 kHz, modulo 2^32. */
  timestamp: number
  key: boolean
}
