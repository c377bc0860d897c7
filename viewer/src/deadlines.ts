/**
 * Every patience of a live view in one place, ms. Each step of opening ends in a fresh session when its time is up; a
 * viewer may give up earlier than the bounds of PROTOCOL.md §7, never later.
 */
export type Deadlines = {
  /** one question to the server for the camera's window, where no beacon was pushed */
  readonly beacon: number
  /** own candidates, and the description to sign */
  readonly gathering: number
  /** from the offer to an answer that verifies; the same envelope is sent again meanwhile */
  readonly answer: number
  /** from the answer to a pair of addresses that works (ICE) */
  readonly path: number
  /** from the answer to the open channel (ICE, DTLS and SCTP together) */
  readonly channel: number
  /** from the open channel to the camera's `confirmed` */
  readonly confirm: number
  /** from `confirmed` to the first picture, while the camera says that its source is live */
  readonly picture: number
}

export const DEADLINES: Deadlines = {
  beacon: 5000,
  gathering: 2500,
  answer: 8000,
  path: 5000,
  channel: 8000,
  confirm: 5000,
  picture: 6000,
}

/**
 * From the answer to a second, independent attempt. A lost packet of SCTP's opening costs a second (RFC 9260 §16: RTO
 * initial), which is longer than a whole new session takes.
 */
export const HEDGE_MS = 1200
/** Attempts of one opening: never more than two at a time, nor more than this in all. */
export const RACE_ATTEMPTS = 3

/** A page hidden for this long gets no more frames until it is seen again. */
export const HIDDEN_MS = 10_000
/** Without a heartbeat for this long a session is over, whatever else it does. */
export const LOST_MS = 7000
/** A new session that is confirmed but shows nothing yet takes over after this long. */
export const SWAP_MS = 2500
/** No picture is kept longer than this after its time. */
export const LAST_PICTURE_MS = 10 * 60_000
