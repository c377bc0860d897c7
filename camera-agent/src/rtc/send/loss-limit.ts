import type { PacketReport } from './sent-record.ts'

/**
 * What loss says of the link. Loss that is the same at every rate is the path's own and no reason to send less; loss
 * that grows with the rate is a full queue. A model with both, `p + (1 - p) * max(0, 1 - capacity / rate)`, is fitted to
 * the last seconds by likelihood, as libwebrtc's loss-based estimator does, and a capacity is believed only when it
 * explains them clearly better than none.
 */
type Window = { packets: number; lost: number; bytes: number; from: number; to: number }
type Observation = { packets: number; lost: number; rate: number }

const WINDOW_MS = 250
const WINDOW_PACKETS = 12
const WINDOW_MAX_MS = 1500
const OBSERVATIONS = 24
const AGEING = 0.93
/** Natural logarithm of how much likelier the loss must be with a capacity than without. */
const EVIDENCE = 4
const OWN_LOSS = Array.from({ length: 21 }, (_, i) => 0.0005 + i * 0.025)
const CAPACITIES = [0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1]
/** A path that loses much by itself is the less likely the more it would have to be. */
const UNLIKELY = 8
const OWN_MAX = 0.3
/** Few packets may have been lost in the queue of a moment. */
const TRUST_PACKETS = 300

export function createLossLimit() {
  let window: Window | undefined
  let observations: Observation[] = []
  let limit = Number.POSITIVE_INFINITY
  let own = 0

  function close(full: Window): void {
    const ms = Math.max(full.to - full.from, 20)
    const { packets, lost, bytes } = full
    observations.push({ packets, lost: Math.min(Math.max(lost, 0), packets), rate: (bytes * 8000) / ms })
    if (observations.length > OBSERVATIONS) observations.shift()
    fit()
  }

  function fit(): void {
    if (observations.every(({ lost }) => lost === 0)) {
      own = 0
      limit = Number.POSITIVE_INFINITY
      return
    }
    const unlimited = bestLoss(observations, Number.POSITIVE_INFINITY)
    own = unlimited.p
    limit = Number.POSITIVE_INFINITY
    if (observations.length < 3) return
    const highest = Math.max(...observations.map(({ rate }) => rate))
    let best = unlimited.likelihood + EVIDENCE
    for (const part of CAPACITIES) {
      const found = bestLoss(observations, highest * part)
      if (found.likelihood <= best) continue
      best = found.likelihood
      own = found.p
      limit = highest * part
    }
  }

  return {
    add({ sentAt, size, receivedAt, late, untold }: PacketReport): void {
      if (late) {
        if (window) window.lost--
        return
      }
      window ??= { packets: 0, lost: 0, bytes: 0, from: sentAt, to: sentAt }
      const ms = sentAt - window.from
      if ((ms >= WINDOW_MS && window.packets >= WINDOW_PACKETS) || ms >= WINDOW_MAX_MS) {
        window.to = sentAt
        const full = window
        window = { packets: 0, lost: 0, bytes: 0, from: sentAt, to: sentAt }
        close(full)
      }
      window.bytes += size
      window.to = Math.max(window.to, sentAt)
      if (untold) return
      window.packets++
      if (receivedAt === undefined) window.lost++
    },
    /** bits per second; infinite while loss is no reason to send less */
    limit: (): number => limit,
    /** the part that the path loses at any rate, 0 to 0.3 */
    own(): number {
      const packets = observations.reduce((sum, each) => sum + each.packets, 0)
      return Math.min(own, OWN_MAX, packets / TRUST_PACKETS)
    },
    reset(): void {
      window = undefined
      observations = []
      limit = Number.POSITIVE_INFINITY
    },
  }
}

/** The path's own loss that explains the observations best, if the link carries `capacity`. */
function bestLoss(observations: readonly Observation[], capacity: number): { p: number; likelihood: number } {
  let best = { p: 0, likelihood: Number.NEGATIVE_INFINITY }
  for (const p of OWN_LOSS) {
    let likelihood = -UNLIKELY * p
    let weight = 1
    for (let i = observations.length - 1; i >= 0; i--) {
      const { packets, lost, rate } = observations[i] as Observation
      const loss = Math.min(p + (1 - p) * Math.max(0, 1 - capacity / rate), 0.99)
      likelihood += weight * (lost * Math.log(loss) + (packets - lost) * Math.log(1 - loss))
      weight *= AGEING
    }
    if (likelihood > best.likelihood) best = { p, likelihood }
  }
  return best
}
