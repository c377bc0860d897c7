/**
 * Whether the queue in the path grows, from the variation of delay between groups of packets: the trendline filter and
 * the adaptive threshold of Google congestion control (draft-ietf-rmcat-gcc-02 §5, with the constants libwebrtc uses).
 */
export type DelaySignal = 'over' | 'normal' | 'under'

const GROUP_MS = 5
const BURST_MS = 100
const WINDOW = 20
const SMOOTHING = 0.9
const GAIN = 4
const DELTAS_MAX = 60
const OVERUSE_MS = 10
const THRESHOLD = { start: 12.5, least: 6, most: 600, up: 0.0087, down: 0.039, outlier: 15 }

type Group = { firstSentAt: number; sentAt: number; firstReceivedAt: number; receivedAt: number }
type Point = { at: number; delay: number }

export function createDelayTrend() {
  let group: Group | undefined
  let previous: Group | undefined
  let points: Point[] = []
  let started = 0
  let deltas = 0
  let accumulated = 0
  let smoothed = 0
  let threshold = THRESHOLD.start
  let adaptedAt: number | undefined
  let overFor = -1
  let overCount = 0
  let lastTrend = 0
  let signal: DelaySignal = 'normal'

  /** Packets that left together, or that a queue let go together, are one group (§5.2). */
  function belongs(to: Group, sentAt: number, receivedAt: number): boolean {
    if (sentAt - to.firstSentAt <= GROUP_MS) return true
    const waited = receivedAt - to.receivedAt
    const drifted = waited - (sentAt - to.sentAt)
    return drifted < 0 && waited <= GROUP_MS && receivedAt - to.firstReceivedAt < BURST_MS
  }

  function compare(last: Group, before: Group): void {
    const sent = last.sentAt - before.sentAt
    const received = last.receivedAt - before.receivedAt
    if (received < 0) return
    if (deltas === 0) started = last.receivedAt
    deltas = Math.min(deltas + 1, 1000)
    accumulated += received - sent
    smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * accumulated
    points.push({ at: last.receivedAt - started, delay: smoothed })
    if (points.length > WINDOW) points.shift()
    const trend = points.length === WINDOW ? slope(points) : lastTrend
    judge(trend, sent, last.receivedAt)
  }

  function judge(trend: number, sent: number, at: number): void {
    const modified = Math.min(deltas, DELTAS_MAX) * trend * GAIN
    if (modified > threshold) {
      overFor = overFor < 0 ? sent / 2 : overFor + sent
      overCount++
      if (overFor > OVERUSE_MS && overCount > 1 && trend >= lastTrend) {
        overFor = 0
        overCount = 0
        signal = 'over'
      }
    } else {
      overFor = -1
      overCount = 0
      signal = modified < -threshold ? 'under' : 'normal'
    }
    lastTrend = trend
    adapt(modified, at)
  }

  function adapt(modified: number, at: number): void {
    const passed = Math.min(at - (adaptedAt ?? at), 100)
    adaptedAt = at
    const size = Math.abs(modified)
    if (size > threshold + THRESHOLD.outlier) return
    const speed = size < threshold ? THRESHOLD.down : THRESHOLD.up
    threshold += speed * (size - threshold) * passed
    threshold = Math.min(Math.max(threshold, THRESHOLD.least), THRESHOLD.most)
  }

  return {
    add(sentAt: number, receivedAt: number): void {
      if (!group) {
        group = { firstSentAt: sentAt, sentAt, firstReceivedAt: receivedAt, receivedAt }
        return
      }
      // Out of order: it tells nothing of this group.
      if (sentAt < group.firstSentAt) return
      if (belongs(group, sentAt, receivedAt)) {
        group.sentAt = Math.max(group.sentAt, sentAt)
        group.receivedAt = Math.max(group.receivedAt, receivedAt)
        return
      }
      if (previous) compare(group, previous)
      previous = group
      group = { firstSentAt: sentAt, sentAt, firstReceivedAt: receivedAt, receivedAt }
    },
    state: (): DelaySignal => signal,
    /** After a silence nothing before it counts. */
    reset(): void {
      group = undefined
      previous = undefined
      points = []
      deltas = 0
      accumulated = 0
      smoothed = 0
      overFor = -1
      overCount = 0
      lastTrend = 0
      signal = 'normal'
    },
  }
}

/** Least squares: ms of delay per ms. */
function slope(points: readonly Point[]): number {
  const x = points.reduce((sum, { at }) => sum + at, 0) / points.length
  const y = points.reduce((sum, { delay }) => sum + delay, 0) / points.length
  let over = 0
  let under = 0
  for (const { at, delay } of points) {
    over += (at - x) * (delay - y)
    under += (at - x) ** 2
  }
  return under === 0 ? 0 : over / under
}
