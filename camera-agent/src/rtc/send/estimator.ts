import { createArrivalRate } from './arrival-rate.ts'
import { createDelayTrend } from './delay-trend.ts'
import { createLossLimit } from './loss-limit.ts'
import type { Probe } from './probe.ts'
import { createProbePlan } from './probe-plan.ts'
import { createQueueDelay } from './queue-delay.ts'
import { createRateControl, type RateLimits } from './rate-control.ts'
import type { PacketReport } from './sent-record.ts'

/** Queue delay, in ms: what a trend must have led to, where growth stops, where less is sent, what is too much. */
const QUEUE = { seen: 15, steady: 40, draining: 60, full: 100 }
const DRAIN_SPAN_MS = 600
const DRAIN_MOST = 0.25
/** A queue is gone in a second: no reason to show a picture of another kind. */
const DRAIN_SHOWN = 0.6
const MUCH_LESS = 0.75
const FALLEN = 0.5
const STEP_DOWN = 0.85
const RESPONSE_MS = 100
const CALM_MS = 1000
const RATE_MS = 500
const RTT_SAMPLES = 12
const RTT_START_MS = 400
const SILENT_MS = 600
const WINDOW_MS = 300
const WINDOW_MIN_BYTES = 3600
const REBASE_MS = 2500
const LONG_SILENCE_MS = 2000
const PACING = { known: 1.1, unknown: 2 }

/**
 * How much one viewer's path carries: Google congestion control (draft-ietf-rmcat-gcc-02) from transport-wide feedback,
 * with the delay of the standing queue as a second sign besides its trend, a loss model that knows the path's own loss,
 * and probes. All times in ms, rates in bits per second on the wire.
 */
export function createEstimator(limits: RateLimits) {
  const trend = createDelayTrend()
  const queue = createQueueDelay()
  const arrivals = createArrivalRate()
  const loss = createLossLimit()
  const rate = createRateControl(limits)
  const probes = createProbePlan(limits.maxBps)
  let rtts: number[] = []
  let shortest = RTT_START_MS
  let queueMs = 0
  let overAt = Number.NEGATIVE_INFINITY
  let steppedAt = Number.NEGATIVE_INFINITY
  let full: { since: number; queueMs: number } | undefined
  let feedbackAt: number | undefined
  let tickedAt: number | undefined
  let silentSince: number | undefined
  let lossFrom = Number.NEGATIVE_INFINITY

  const rtt = (): number => shortest

  function read(reports: readonly PacketReport[], now: number): void {
    let newest: PacketReport | undefined
    let untold = 0
    for (const report of reports) {
      const { sentAt, receivedAt, size } = report
      if (sentAt >= lossFrom) loss.add(report)
      if (report.untold) untold += size
      if (receivedAt === undefined) continue
      newest = report
      trend.add(sentAt, receivedAt)
      queue.add({ sentAt, receivedAt, size }, rate.link() ?? rate.bps(), untold === 0)
      arrivals.add(receivedAt, untold === 0 ? size : size + untold * (1 - loss.own()))
      untold = 0
    }
    if (!newest) return
    rtts.push(now - newest.sentAt)
    if (rtts.length > RTT_SAMPLES) rtts.shift()
    shortest = Math.min(...rtts)
  }

  function judge(now: number): void {
    queueMs = queue.ms()
    const measured = queue.capacity()
    const capacity = measured === undefined ? undefined : measured / (1 - loss.own())
    const part = capacity === undefined ? 1 : capacity / rate.bps()
    // A trend alone may be jitter, unless much less arrives than was sent.
    const seen = Math.max(QUEUE.seen, queue.usual() / 2)
    const least = part < MUCH_LESS ? seen : QUEUE.draining
    const fallen = part < FALLEN && queueMs > seen && queue.squeezed()
    if (fallen || (trend.state() === 'over' && queueMs > least) || queueMs > QUEUE.full) {
      decrease(now, capacity)
    } else if (trend.state() === 'normal' && queueMs < QUEUE.steady) {
      const used = arrivals.over(RATE_MS)
      rate.increase(now, rtt(), used === undefined ? undefined : used / (1 - loss.own()))
    } else rate.hold(now)
    rate.cap(loss.limit())
    rebase(now)
  }

  /** What the link carries is known when it had a queue; else one step down in each round trip. */
  function decrease(now: number, capacity: number | undefined): void {
    if (capacity !== undefined) rate.decrease(now, capacity)
    else if (now - steppedAt > rtt() + RESPONSE_MS) {
      steppedAt = now
      rate.cap(rate.bps() * STEP_DOWN)
    }
    overAt = now
    rate.hold(now)
  }

  /** A queue that does not go away however little is sent is none: the path has become longer. */
  function rebase(now: number): void {
    if (queueMs <= QUEUE.full) full = undefined
    else if (!full || queueMs < full.queueMs * 0.8) full = { since: now, queueMs }
    else if (now - full.since > REBASE_MS + rtt()) {
      queue.reset()
      trend.reset()
      full = undefined
    }
  }

  function wake(now: number, since: number): void {
    silentSince = undefined
    for (const part of [trend, queue, arrivals, loss]) part.reset()
    rtts = []
    shortest = RTT_START_MS
    queueMs = 0
    lossFrom = now
    const before = rate.bps()
    rate.restart(now - since > LONG_SILENCE_MS ? Math.min(before / 2, limits.startBps) : before * 0.7)
    probes.soon(now)
  }

  const drained = (most: number): number => {
    const drain = 1 - (queueMs - QUEUE.draining) / DRAIN_SPAN_MS
    return rate.bps() * Math.min(1, Math.max(most, drain))
  }
  const target = (): number => drained(DRAIN_MOST)

  return {
    /** @param isAllTold nothing is under way of which the viewer has not told */
    onFeedback(reports: readonly PacketReport[], now: number, isAllTold = false): void {
      feedbackAt = now
      if (silentSince !== undefined) wake(now, silentSince)
      read(reports, now)
      judge(now)
      const found = probes.read(reports, now, rate.bps(), isAllTold)
      if (found !== undefined) rate.raise(found / (1 - loss.own()))
    },
    /** To be called every few ms while something is sent. @param waitingSince when the oldest packet without feedback left */
    tick(now: number, waitingSince: number | undefined): void {
      probes.read([], now, rate.bps())
      // Where nothing is under way, the queue is empty once its time has passed.
      if (waitingSince === undefined) queueMs = Math.max(0, queueMs - (now - (tickedAt ?? now)))
      tickedAt = now
      if (silentSince !== undefined || waitingSince === undefined) return
      const patience = SILENT_MS + 2 * rtt()
      if (now - Math.max(waitingSince, feedbackAt ?? waitingSince) > patience) silentSince = now
    },
    /** Nothing has been heard for so long that nothing but a sign of life is worth sending. */
    silent: (): boolean => silentSince !== undefined,
    target,
    /** The viewer has told what came of the first picture: before that the rate is where everybody begins. */
    isKnown: (): boolean => feedbackAt !== undefined && !probes.isFirstPending(),
    /** What encoders are told: the same, but for most of what is held back for a moment while a queue drains. */
    budget: (): number => drained(DRAIN_SHOWN),
    pacing(): number {
      const link = rate.link()
      const near = link !== undefined && rate.bps() > 0.6 * link
      return target() * (near || queueMs > QUEUE.steady ? PACING.known : PACING.unknown)
    },
    /** Bytes that may be under way without feedback. */
    window: (): number => Math.max(WINDOW_MIN_BYTES, (target() * (rtt() + WINDOW_MS)) / 8000),
    rtt,
    queueMs: (): number => queueMs,
    /** The part lost on the path at any rate. */
    loss: (): number => loss.own(),
    firstProbe: (now: number): Probe => probes.first(now, rtt()),
    /** @param demand the most that could be used */
    probe(now: number, demand: number): Probe | undefined {
      if (silentSince !== undefined || feedbackAt === undefined) return undefined
      const calm = queueMs < QUEUE.steady && now - overAt > CALM_MS && rate.bps() < demand
      return probes.next(now, rate.bps(), rtt(), calm)
    },
  }
}
