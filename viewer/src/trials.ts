/**
 * How long one try to connect to signaling may take before a fresh one takes its place. A browser opens one WebSocket to
 * a server at a time and lets the others wait (RFC 6455 §4.1), so a try whose first packet fell into a hole, and which TCP
 * repeats ever more seldom (RFC 6298 §5.5), stands in the way of all that follow. Short ones find the end of a hole soon;
 * long ones among them reach over a line whose round trip is long.
 */

/** ms, one after the other and from the beginning again */
const TRIALS_MS = [600, 900, 2000, 600, 900, 5000]
/** After this long, ms, tries are few: it may be the server that is away, and then many wait for it. */
const LONG_MS = 60_000
const LATER_MS = 5000
/** Connecting, where it is not known how long that takes. */
const UNKNOWN_MS = 1000
/** A server that comes back is not to hear from all at the same moment. */
const JITTER = 0.15

/**
 * Milliseconds for the try after `tried` others, the first of them `since` ms ago.
 * @param took what connecting took the last time, ms
 * @param chance 0 to 1
 */
export function trialMs(tried: number, since: number, took = UNKNOWN_MS, chance = Math.random()): number {
  const planned = since > LONG_MS ? LATER_MS : (TRIALS_MS[tried % TRIALS_MS.length] ?? LATER_MS)
  return Math.min(LATER_MS, Math.max(planned, 2 * took)) * (1 - JITTER + 2 * JITTER * chance)
}

/** On a line of 64 kbit/s one needless connection or session takes a second of the picture. */
const CAUTION_FIRST_MS = 8000
const CAUTION_MAX_MS = 60_000
/** So long without a needless one, and all is as in the beginning. */
const CALM_MS = 60_000

/** Whether a first doubt is enough for a new connection, or session, beside the old: seldom where that was needless. */
export function createCaution(now: () => number) {
  let ms = 0
  let until = Number.NEGATIVE_INFINITY
  return {
    mayHurry: () => now() >= until,
    wasNeedless(): void {
      const isForgotten = ms === 0 || now() - until > CALM_MS
      ms = isForgotten ? CAUTION_FIRST_MS : Math.min(CAUTION_MAX_MS, 2 * ms)
      until = now() + ms
    },
    wasNeeded(): void {
      ms = 0
      until = Number.NEGATIVE_INFINITY
    },
  }
}
