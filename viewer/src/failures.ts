/** Why a live view did not come or ended: a code, and the one sentence that is shown for it. */
export class WatchFault extends Error {
  readonly code: string
  override readonly name = 'WatchFault'
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

const SENTENCES: { [code: string]: string } = {
  offline: 'The camera is not connected. Check its power and network.',
  no_reply: 'The camera did not answer. It may be starting; trying again.',
  rate: 'Too many tries in a short time. Wait a moment.',
  bad_form: 'This page and the server do not understand each other. Reload the page.',
  unknown_camera: 'The server does not know this camera under your account. Pair it again.',
  not_signed_in: 'Your sign-in has ended. Sign in again.',
  closing: 'The server is restarting; trying again.',
  not_this_camera: 'Something answered in place of your camera and was refused. Nothing was shown.',
  foreign_answer:
    'Only replies that are not from your camera came, and they were refused. Nothing was shown.',
  stale_win: 'The camera was restarted at this moment; trying again.',
  replay: 'The camera has seen this request before; trying again.',
  clock: "The camera's clock is wrong, so it cannot judge your invitation. Ask its owner to set it.",
  expired: 'Your right to watch has ended. Ask the owner for a new invitation.',
  removed: 'The owner has removed you from this camera.',
  no_right: 'The owner has not given you the right to watch this camera.',
  bad_sdp: 'The camera could not use what this browser offered. Update the browser.',
  busy: 'The camera has as many viewers as it can serve. Close one, or try again later.',
  private: 'The owner has switched this camera to private.',
  limit: 'Too many attempts. Wait ten minutes.',
  no_path: 'No direct way to the camera was found. Be in the same network, or ask for a relay.',
  no_relay:
    'Your address is to stay hidden, and this server offers no relay. Allow direct connections, or set up a relay.',
  no_channel: 'The camera was reached, but the encrypted connection did not come about; trying again.',
  no_picture: 'The camera is connected, and its picture does not arrive; trying again.',
  not_confirmed: 'The camera did not confirm the connection; trying again.',
  replaced: 'You opened this camera elsewhere.',
  shutdown: 'The camera is restarting; trying again.',
  silent: 'The connection was lost; trying again.',
  released: 'This camera was handed over, and has forgotten everyone.',
  protocol: 'This viewer and the camera do not understand each other. Update the camera agent.',
  lost: 'The connection was lost; trying again.',
}

export const sentenceFor = (code: string): string =>
  SENTENCES[code] ?? 'The picture could not be opened; trying again.'

/** The same for a camera of somebody else: a camera does not answer those it does not know. */
export const guestSentenceFor = (code: string): string =>
  code === 'no_reply'
    ? 'The camera did not answer. It may be off, or its owner may have removed you.'
    : code === 'unknown_camera'
      ? 'The server does not let you reach this camera any more. Ask its owner.'
      : sentenceFor(code)

export const WAITING = 'Waiting for the owner to let you in.'

/** The same for one who was never let in: silence means no more than that. */
export const waitingSentenceFor = (code: string): string =>
  code === 'no_reply' ? WAITING : guestSentenceFor(code)

/** Faults that another try does not mend. */
const FINAL = new Set([
  'not_signed_in',
  'expired',
  'removed',
  'no_right',
  'private',
  'clock',
  'bad_sdp',
  'no_relay',
  'protocol',
  'replaced',
  'released',
])
export const isFinal = (code: string): boolean => FINAL.has(code)

const SOURCES: { [state: string]: string } = {
  opening: "Opening the camera's source.",
  reconnecting: 'The camera source is reconnecting.',
  failed: "The camera's source cannot be opened.",
}
const SOURCE_CODES: { [code: string]: string } = {
  auth_failed: "The camera's source refuses its user name or password.",
  not_found: "The camera's source has no such stream.",
  udp_only: "The camera's source sends over UDP only, which the camera agent does not take.",
  unreachable: "The camera's source cannot be reached. Trying again.",
  not_video: "The camera's source has no video.",
  forbidden_format: "The camera's source is not a plain video file or stream, and was refused.",
  timeout: "The camera's source does not answer. Trying again.",
  ended: 'The camera source is reconnecting.',
  crashed: 'The camera source is reconnecting.',
  unsupported: "The camera's source sends video this camera agent cannot read.",
  no_parameters: "The camera's source sends H.264 or H.265 without the data that describes it (SPS, PPS).",
  no_key: "Waiting for a key frame of the camera's source: it sends them rarely.",
  too_heavy: 'The camera source is reconnecting.',
  tls_untrusted: "The camera's source shows a certificate that the camera agent does not trust.",
  tls_fingerprint: "The camera's source shows another certificate than the one it should.",
  tls_failed: "The camera's source does not complete a secure connection.",
  tls_no_ca:
    "The camera agent cannot check the certificate of the camera's source: its `ca` file is missing.",
  no_device: "The camera's device is not there. Trying again.",
  device_busy: "The camera's device is in use by another program. Trying again.",
  device_forbidden: "The camera agent may not open the camera's device.",
  too_large: "The camera's source sends pictures larger than 8192 × 4320.",
}

/** The sentence about a camera's source, or undefined while all is well. */
export const sourceSentence = (state: string, code?: string): string | undefined =>
  state === 'live' || state === 'closed' ? undefined : (SOURCE_CODES[code ?? ''] ?? SOURCES[state])
