/** Additive increase, multiplicative decrease around what the link is known to carry (draft-ietf-rmcat-gcc-02 §5.5). */
export type RateLimits = { startBps: number; minBps: number; maxBps: number }

const DECREASE = 0.85
const GROWTH_PER_S = 1.08
/** Below what the link is known to carry there is nothing to find out. */
const RETURN_PER_S = 1.5
const NEAR = 0.85
const RESPONSE_MS = 100
const LEAST_STEP_BPS = 4000
const PICTURES_PER_S = 30
const PACKET_BITS = 9600
const BEYOND = 1.5
const BEYOND_BPS = 10_000
const LINK_SMOOTHING = 0.3
const LINK_CHANGED = 0.3
const PROBE_STEP = 4

export function createRateControl({ startBps, minBps, maxBps }: RateLimits) {
  let bps = startBps
  let changedAt: number | undefined
  /** What the link carried when it was full. */
  let link: number | undefined

  const set = (next: number): void => {
    bps = Math.min(Math.max(next, minBps), maxBps)
  }
  function learn(capacity: number): void {
    if (link === undefined || Math.abs(capacity - link) > LINK_CHANGED * link) link = capacity
    else link += LINK_SMOOTHING * (capacity - link)
  }
  /** One packet more per response time (§5.5). */
  function additive(seconds: number, rttMs: number): number {
    const picture = bps / PICTURES_PER_S
    const packet = picture / Math.ceil(picture / PACKET_BITS)
    return Math.max(LEAST_STEP_BPS, (packet * 1000) / (rttMs + RESPONSE_MS)) * seconds
  }

  return {
    bps: (): number => bps,
    link: (): number | undefined => link,
    /** @param arriving what arrives at present; undefined when nothing is known of it */
    increase(now: number, rttMs: number, arriving: number | undefined): void {
      const seconds = Math.min(now - (changedAt ?? now), 1000) / 1000
      changedAt = now
      if (link !== undefined && bps > link * (1 + LINK_CHANGED / 2)) link = undefined
      let next = bps * GROWTH_PER_S ** seconds
      if (link !== undefined)
        next = bps > link * NEAR ? bps + additive(seconds, rttMs) : bps * RETURN_PER_S ** seconds
      // What is not used proves nothing.
      const ceiling = arriving === undefined ? bps : Math.max(bps, arriving * BEYOND + BEYOND_BPS)
      set(Math.min(next, ceiling))
    },
    hold(now: number): void {
      changedAt = now
    },
    /** The link is full and carries `capacity`. */
    decrease(now: number, capacity: number): void {
      changedAt = now
      // More than was tried says nothing of where the limit is.
      if (capacity < bps * (1 + LINK_CHANGED)) learn(capacity)
      set(Math.min(bps, capacity * DECREASE))
    },
    /** No more than this, whatever was thought. */
    cap(limit: number): void {
      if (limit < bps) set(limit)
    },
    /** A probe got through at this rate. */
    raise(found: number): void {
      if (found <= bps) return
      if (link !== undefined && found > link * (1 + LINK_CHANGED / 2)) link = undefined
      set(Math.min(found, bps * PROBE_STEP))
    },
    restart(next: number): void {
      link = undefined
      changedAt = undefined
      set(next)
    },
  }
}
