import type { Codec } from './media-frame.ts'
import type { SourceConfig } from './source-config.ts'

/** Which codecs have a viewer now. */
export type Want = Record<Codec, boolean>

/** A source as its process sees it: a file is a descriptor already open, never a path. */
export type ChildSource = Exclude<SourceConfig, { kind: 'file' }> | { kind: 'file' }

/** Agent to source process, over IPC; a URL with its password travels here and nowhere else. */
export type SourceCommand =
  | { type: 'open'; source: ChildSource; cameraName: string; camId: string; want: Want }
  | { type: 'want'; want: Want }
  | { type: 'key'; codec: Codec }
  | { type: 'close' }

/** Descriptors the source process inherits beside its IPC channel. */
export const FRAME_FD = 4
export const FILE_FD = 5
