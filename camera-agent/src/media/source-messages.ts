import type { Hardware } from './hardware-names.ts'
import type { Codec, Encoding } from './media-frame.ts'
import type { SoundWant } from './sound.ts'
import type { SourceConfig } from './source-config.ts'
import type { Tier } from './tier.ts'

/** The encodings that have a viewer now, and the bits per second each may take. */
export type Want = readonly (Encoding & { bps: number })[]

/** A source as its process sees it: a file is a descriptor already open, never a path, and TLS has been dealt with. */
export type ChildSource =
  | Exclude<SourceConfig, { kind: 'file' | 'rtsp' }>
  | { kind: 'file' }
  | { kind: 'rtsp'; url: string }

/** Agent to source process, over IPC; a URL with its password travels here and nowhere else. */
export type SourceCommand =
  | {
      type: 'open'
      source: ChildSource
      cameraName: string
      camId: string
      want: Want
      pass: string
      hardware?: Hardware
      /** False leaves the source's sound where it is: it is not even asked for. */
      sound?: boolean | undefined
      hear: SoundWant
    }
  | { type: 'want'; want: Want }
  | { type: 'hear'; hear: SoundWant }
  | { type: 'key'; codec: Codec; tier: Tier }
  | { type: 'close' }

/** Descriptors the source process inherits beside its IPC channel. */
export const FRAME_FD = 4
export const FILE_FD = 5

/** Bits per second; what a source process says beyond it is no rate. */
export const MAX_RATE = 999_999_999
