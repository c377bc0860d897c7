/** Every bound of the protocol, in one place. Sizes in bytes, times in seconds unless the name says ms. */

export const PROTOCOL_VERSION = 1

export const ENVELOPE_MAX_BYTES = 32 * 1024
export const SDP_MAX_BYTES = 16 * 1024
export const SDP_MAX_LINE = 2048
export const POLICY_MAX_BYTES = 24 * 1024
export const SOCKET_MESSAGE_MAX_BYTES = 64 * 1024
export const CHANNEL_MESSAGE_MAX_BYTES = 32 * 1024
export const ROSTER_MAX_BYTES = 64 * 1024

export const POLICY_MAX_ENTRIES = 64
/** Root may jump ahead by this many epochs, never further (PROTOCOL.md §6). */
export const ROOT_EPOCH_JUMP = 2 ** 20
export const NAME_MAX_LENGTH = 64

export const PAIRING_LIFETIME_S = 600
export const PAIRING_MAX_BAD_MACS = 5

/** The longest an invitation may wait to be used. */
export const INVITE_MAX_S = 30 * 86_400
/** Redemptions a camera remembers while they wait for an admin. */
export const WAITING_MAX = 16
/** The camera's log: one line, one page of it over the channel, and how long it is kept. */
export const LOG_LINE_MAX_BYTES = 1024
export const LOG_PAGE_MAX_BYTES = 20 * 1024
export const LOG_KEPT_S = 90 * 86_400

export const WINDOW_LIFETIME_S = 600
export const REPLAY_MAX_PER_VIEWER = 512

export const SESSIONS_PER_VIEWER = 4
export const SESSIONS_PER_CAMERA = 8
export const SESSION_MAX_S = 12 * 3600

export const GATHER_MS = 1000
export const OFFERED_MS = 15_000
export const CONNECTING_MS = 10_000
export const CONFIRMING_MS = 5_000
export const HEARTBEAT_MS = 1000
/** No heartbeat or no advancing frame for this long: the picture is no longer called live. */
export const STALLED_MS = 2500
/** A viewer that sends nothing for this long is reaped by the camera. */
export const VIEWER_SILENT_MS = 8000

export const CHALLENGE_LIFETIME_S = 30
export const CHALLENGE_BYTES = 32

/** A system clock further than this above the floor is not believed (PROTOCOL.md §6, time). */
export const CLOCK_MAX_AHEAD_S = 400 * 86_400
