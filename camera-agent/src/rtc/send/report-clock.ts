/** Ticks per millisecond of the pictures' RTP clock. */
const TICKS_PER_MS = 90
/** Further than this from the line, ms, and the pictures have begun anew. */
const JUMP_MS = 2000
/** How fast the line gives way to a source whose clock is slow: a thousandth, ten times what a bad quartz needs. */
const GIVE_WAY = 0.001

/**
 * What the pictures' time is at a moment, for sender reports (RFC 3550 §6.4.1). One picture is handed over sooner after
 * it was taken than another, so no single one may say it: a receiver that lays sound beside pictures takes each report
 * for exact, and would move the sound about. The line is that of the picture that came soonest, and it is steady.
 */
export function createReportClock() {
  let line: { timestamp: number; at: number } | undefined
  let heard = 0

  /** 90 kHz, 32 bits, at the unix time `at`, ms; undefined before the first picture */
  const now = (at: number): number | undefined =>
    line && (line.timestamp + Math.round((at - line.at) * TICKS_PER_MS)) >>> 0

  return {
    now,
    /** A picture of `timestamp` is handed over at the unix time `at`, ms. */
    picture(timestamp: number, at: number): void {
      const expected = now(at)
      const ahead = expected === undefined ? 0 : ((timestamp - expected) | 0) / TICKS_PER_MS
      const slack = (at - heard) * GIVE_WAY
      heard = at
      if (!line || ahead > 0 || ahead < -JUMP_MS) line = { timestamp, at }
      else line.at += Math.min(-ahead, Math.max(0, slack))
    },
  }
}
