import { DEADLINES } from './deadlines.ts'
import type { Signs } from './live-state.ts'

/** When to ask whether the path of a session still carries, and when to make another one beside it. */

export type PathSigns = Signs & {
  /** a sign of life was asked for */
  probedAt?: number
  /** the camera last said that it had sent a newer frame */
  sentAt?: number
  /** ms between two frames, and how much that varies; undefined before it is known */
  interval?: { mean: number; deviation: number }
  /** round trip of the path, ms: about the longest of the last ten seconds, as a slow line's queue comes and goes */
  rtt?: number
}

const PATIENCE_MIN_MS = 100
/** A heartbeat comes each second: no sign at all for longer than this is a reason to ask, at any frame rate. */
const PATIENCE_MAX_MS = 1500
const PROBE_MIN_MS = 150
const PROBE_MAX_MS = 1500
const RTT_FADES = 0.9
/** A path that is silent for less than this had a hiccup, and no hole. */
export const HEARTBEAT_LOST_MS = 3500
const SENDING_MS = 2500

const latest = (...times: (number | undefined)[]): number =>
  Math.max(...times.map(time => time ?? Number.NEGATIVE_INFINITY))
const clamp = (low: number, value: number, high: number): number => Math.min(high, Math.max(low, value))

/** Frames tell sooner than heartbeats, once: when one was missed and asked about, only heartbeats are to come. */
function patience({ phase, interval, frameAt, probedAt }: PathSigns): number {
  const flowing = phase === 'confirmed' && frameAt !== undefined && latest(probedAt) < frameAt
  if (!flowing || !interval) return PATIENCE_MAX_MS
  return clamp(PATIENCE_MIN_MS, interval.mean + 4 * interval.deviation, PATIENCE_MAX_MS)
}

/** @param before what is known of it, ms @param measured now, a second later, ms */
export const longestRtt = (before: number | undefined, measured: number): number =>
  Math.max(measured, (before ?? 0) * RTT_FADES + measured * (1 - RTT_FADES))

/** What the camera takes to answer `alive`, and a little. */
export const probePatience = ({ rtt }: PathSigns): number =>
  rtt === undefined ? PROBE_MAX_MS / 2 : clamp(PROBE_MIN_MS, 1.5 * rtt + 80, PROBE_MAX_MS)

/** When the session last showed, over its own channel or by a picture, that its path carries. */
export const heardAt = (signs: PathSigns): number =>
  latest(signs.heartbeatAt, signs.frameAt, signs.confirmedAt)

/** From when on a session that stays silent is asked about. */
export const probeAt = (signs: PathSigns): number => heardAt(signs) + patience(signs)

/**
 * `probe`: ask the camera for a heartbeat now. `replace`: make a new session beside this one.
 * @param mayHurry whether one late answer is enough for that; else heartbeats must be missing
 */
export function doubtOf(signs: PathSigns, now: number, mayHurry = true): 'none' | 'probe' | 'replace' {
  const heard = heardAt(signs)
  if (now - latest(signs.heartbeatAt, signs.confirmedAt) > HEARTBEAT_LOST_MS) return 'replace'
  if (signs.phase === 'confirmed' && framesAreLost(signs, now)) return 'replace'
  if (signs.probedAt !== undefined && signs.probedAt > heard)
    return mayHurry && now - signs.probedAt > probePatience(signs) ? 'replace' : 'none'
  return now > probeAt(signs) ? 'probe' : 'none'
}

/** The camera sends and nothing is drawn: what is broken is on this side. */
function framesAreLost(signs: PathSigns, now: number): boolean {
  const sends = signs.sentAt !== undefined && now - signs.sentAt <= SENDING_MS
  return sends && now - latest(signs.frameAt, signs.confirmedAt) > DEADLINES.picture
}

/** True when the session has shown since `since` that nothing is wrong with it: it is kept, and the new one dropped. */
export function hasRecovered(signs: PathSigns, since: number): boolean {
  const after = (time: number | undefined): boolean => time !== undefined && time > since
  // A camera that sends no frame owes none: its source has stopped, and a new session would not mend that.
  return after(signs.heartbeatAt) && (after(signs.frameAt) || !after(signs.sentAt))
}
