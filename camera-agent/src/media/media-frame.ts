export type Codec = 'h264' | 'vp8'

/** One access unit as RTP payloads, made once for all viewers; the last payload carries the marker bit. */
export type MediaFrame = {
  payloads: readonly Buffer[]
  /** 90 kHz, modulo 2^32. */
  timestamp: number
  key: boolean
}
