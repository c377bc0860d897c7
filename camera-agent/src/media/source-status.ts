import type { Obstacle } from './h264-playable.ts'
import type { Hardware } from './hardware-names.ts'
import type { SoundKind } from './sound.ts'

export const SOURCE_CODES = [
  'auth_failed',
  'not_found',
  'udp_only',
  'unreachable',
  'not_video',
  'forbidden_format',
  'timeout',
  'ended',
  'crashed',
  'unsupported',
  'no_parameters',
  'no_key',
  'too_large',
  'too_heavy',
  'tls_untrusted',
  'tls_fingerprint',
  'tls_failed',
  'tls_no_ca',
  'no_device',
  'device_busy',
  'device_forbidden',
] as const

export type SourceCode = (typeof SOURCE_CODES)[number]

/** What the agent may tell about its source. `note` is one plain sentence; it never holds a URL or a path. */
export type SourceStatus = {
  state: 'closed' | 'opening' | 'live' | 'reconnecting' | 'failed'
  code?: SourceCode
  note?: string
  transcoding?: boolean
  /** Why it is. */
  obstacle?: Obstacle
  /** The hardware that encodes its pictures; absent for software, and where nothing is encoded. */
  encoder?: Hardware
  /** True while encodings are given up because this machine cannot keep up with them. */
  reduced?: boolean
  /** What its sound comes as; absent while nothing is known, and where there is none. */
  sound?: Exclude<SoundKind, 'none'>
}

export const SOURCE_NOTES: Record<SourceCode, string> = {
  auth_failed: 'The camera source refuses this user name or password.',
  not_found: 'The camera source is not there: check the path in the configuration.',
  udp_only:
    'The camera source sends over UDP only, which anyone in its network could forge: switch on RTSP over TCP (interleaved) in the camera.',
  unreachable: 'The camera source cannot be reached: check its address and that it is switched on.',
  not_video: 'The camera source is not a video.',
  forbidden_format:
    'The camera source is a list that points to other files or addresses; name the video itself.',
  timeout: 'The camera source does not answer in time.',
  ended: 'The camera source ended its stream.',
  crashed: 'The process that reads the camera source stopped unexpectedly.',
  unsupported: 'The camera source sends video in a form that cannot be read.',
  no_parameters:
    'The camera source sends H.264 or H.265 without its parameter sets (SPS, PPS): switch them on in the camera, or use another of its streams.',
  no_key:
    'The camera source sends no key frame, without which no picture can begin: set a key frame (I-frame) interval of a few seconds in the camera.',
  too_large: 'The camera source sends pictures larger than 8192 × 4320.',
  too_heavy: 'The process that reads the camera source took more than 1.5 GB of memory and was ended.',
  tls_untrusted:
    'The camera source shows a certificate that this machine does not trust for its name: give the file of its authority as `ca`, or the SHA-256 of the certificate as `fingerprint`.',
  tls_fingerprint:
    'The camera source shows another certificate than the one whose `fingerprint` the configuration gives: find out why before you change it.',
  tls_failed:
    'The camera source does not complete a TLS 1.2 or 1.3 connection: check the port and its TLS settings.',
  tls_no_ca:
    'The camera source cannot be checked: the file given as `ca` cannot be read or holds no certificate.',
  no_device: 'The camera source is not there: plug the device in, or name another /dev/video device.',
  device_busy: 'The camera source is in use by another program: close that first.',
  device_forbidden:
    'The camera source may not be opened: add the user who runs this agent to the group of the device (video).',
}

const CONVERTED: Record<Obstacle, string> = {
  codec: 'browsers cannot play its codec',
  b_frames: 'browsers cannot play its B-frames in order',
  interlaced: 'its pictures are interlaced, which browsers show as combs',
  profile: 'browsers cannot play its H.264 profile',
  rare_keys: 'its key frames are so rare that a viewer would wait for a picture',
}

/** What a live source that is converted says of it. */
export const transcodingNote = (obstacle: Obstacle): string =>
  `The camera source is converted because ${CONVERTED[obstacle]}; H.264 without B-frames, progressive, with a key frame every few seconds costs less.`

export const REDUCED_NOTE =
  'This machine is too slow for every picture quality at once: viewers on slow links are sent fewer or smaller pictures.'

/** Faults that trying again soon does not mend; repeated wrong passwords may lock a camera. */
export const LASTING: ReadonlySet<SourceCode> = new Set([
  'auth_failed',
  'not_found',
  'udp_only',
  'not_video',
  'forbidden_format',
  'unsupported',
  'no_parameters',
  'too_large',
  'tls_untrusted',
  'tls_fingerprint',
  'tls_no_ca',
  'device_forbidden',
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
