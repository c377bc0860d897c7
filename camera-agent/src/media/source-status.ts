import type { SoundKind } from './sound.ts'

export const SOURCE_CODES = [
  'auth_failed',
  'not_found',
  'unreachable',
  'not_video',
  'forbidden_format',
  'timeout',
  'ended',
  'crashed',
  'unsupported',
] as const

export type SourceCode = (typeof SOURCE_CODES)[number]

/** What the agent may tell about its source. `note` is one plain sentence; it never holds a URL or a path. */
export type SourceStatus = {
  state: 'closed' | 'opening' | 'live' | 'reconnecting' | 'failed'
  code?: SourceCode
  note?: string
  transcoding?: boolean
  /** True while encodings are given up because this machine cannot keep up with them. */
  reduced?: boolean
  /** What its sound comes as; absent while nothing is known, and where there is none. */
  sound?: Exclude<SoundKind, 'none'>
}

export const SOURCE_NOTES: Record<SourceCode, string> = {
  auth_failed: 'The camera source refuses this user name or password.',
  not_found: 'The camera source is not there: check the path in the configuration.',
  unreachable: 'The camera source cannot be reached: check its address and that it is switched on.',
  not_video: 'The camera source is not a video.',
  forbidden_format:
    'The camera source is a list that points to other files or addresses; name the video itself.',
  timeout: 'The camera source does not answer in time.',
  ended: 'The camera source ended its stream.',
  crashed: 'The process that reads the camera source stopped unexpectedly.',
  unsupported: 'The camera source sends video in a form that cannot be read.',
}

export const TRANSCODING_NOTE =
  'The camera source is converted because browsers cannot play it as it is; H.264 without B-frames costs less.'

export const REDUCED_NOTE =
  'This machine is too slow for every picture quality at once: viewers on slow links are sent fewer or smaller pictures.'

/** Faults that trying again soon does not mend; repeated wrong passwords may lock a camera. */
export const LASTING: ReadonlySet<SourceCode> = new Set([
  'auth_failed',
  'not_found',
  'not_video',
  'forbidden_format',
  'unsupported',
])

/** Carries a code from the place that found it to the status. */
export class SourceFault extends Error {
  override readonly name = 'SourceFault'
  readonly code: SourceCode
  constructor(code: SourceCode) {
    super(SOURCE_NOTES[code])
    this.code = code
  }
}

export const isSourceCode = (value: unknown): value is SourceCode =>
  SOURCE_CODES.includes(value as SourceCode)
