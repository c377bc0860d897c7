import { createProbeResult, type Probe, planProbe } from './probe.ts'
import type { PacketReport } from './sent-record.ts'

const STEP = 2
const AGAIN_MS = 2000
const AGAIN_LATER_MS = 4000
/** A probe that shows less than this over the estimate shows that the estimate is right. */
const WORTH = 1.1
const ANSWER_MS = 600
/** What it finds counts up to the most a viewer is sent. A slower link queues the same bytes either way; a quick one shows
 * its first picture sooner. */
const FIRST_BPS = 24_000_000
const FIRST_BYTES = 32_000

/**
 * When to send a probe, and what came of it. The first is the first picture itself, sent fast. One that succeeds is
 * followed by the next at twice the rate; after one that fails the link is left alone for seconds.
 */
export function createProbePlan(maxBps: number) {
  let id = 0
  let pending: { probe: Probe; deadline: number } | undefined
  let nextAt = 0
  let wait = AGAIN_MS
  let seen = false
  const result = createProbeResult()

  function start(probe: Probe, now: number, rttMs: number): Probe {
    pending = { probe, deadline: now + rttMs + ANSWER_MS + (probe.bytes * 8000) / probe.bps }
    seen = false
    result.clear()
    return probe
  }

  return {
    /** The first picture may leave as fast as this. */
    first: (now: number, rttMs: number): Probe =>
      start({ id: ++id, bps: FIRST_BPS, bytes: FIRST_BYTES, packets: 1, padded: false }, now, rttMs),
    /** @param calm nothing speaks against more: no queue, no recent overuse, and more would be used */
    next(now: number, bps: number, rttMs: number, calm: boolean): Probe | undefined {
      if (pending || now < nextAt || bps >= maxBps) return undefined
      if (!calm) {
        nextAt = Math.max(nextAt, now + 1000)
        return undefined
      }
      return start(planProbe(++id, Math.min(bps * STEP, maxBps * 1.1)), now, rttMs)
    },
    /**
     * @param isAllTold nothing is under way of which the viewer has not told
     * @returns what the link carried, once the probe's last packet has been told of and it was more than `bps`
     */
    read(reports: readonly PacketReport[], now: number, bps: number, isAllTold = false): number | undefined {
      if (!pending) return undefined
      let over = now > pending.deadline
      for (const report of reports) {
        if (report.probe === pending.probe.id) {
          seen = true
          result.add(report)
        } else if (seen && report.probe === undefined) over = true
      }
      if (!over && !(seen && isAllTold)) return undefined
      const first = pending.probe.id === 1
      pending = undefined
      const found = result.bps()
      if (found !== undefined && found > bps * WORTH) {
        nextAt = now
        wait = AGAIN_MS
        return found
      }
      // The first picture may have been too small to tell.
      nextAt = first ? now : now + wait
      wait = AGAIN_LATER_MS
      return undefined
    },
    /** What the first picture shows is not known yet. */
    isFirstPending: (): boolean => pending?.probe.id === 1,
    soon(now: number): void {
      pending = undefined
      nextAt = now
      wait = AGAIN_MS
    },
  }
}
