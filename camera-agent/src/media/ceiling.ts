import { TIERS, type Tier } from './tier.ts'

/** Time for a change to show before the next one. */
const SETTLE_MS = 3000
const QUIET_MS = 60_000
const MAX_QUIET_MS = 960_000

/**
 * The encodings a source process can keep up with. Each time it falls behind, the dearest of those that run is given
 * up; after a quiet minute one is allowed again, and when that was too much, after twice as long.
 */
export function createCeiling(now: () => number = () => performance.now()) {
  const dropped: Tier[] = []
  let changedAt = Number.NEGATIVE_INFINITY
  let quietMs = QUIET_MS
  let restored = false
  return {
    allows: (tier: Tier): boolean => !dropped.includes(tier),
    any: (): boolean => dropped.length > 0,
    /** Gives up the best tier of `running`. Returns true when one was. */
    behind: (running: readonly Tier[]): boolean => {
      const dearest = TIERS.find(tier => running.includes(tier) && !dropped.includes(tier))
      if (!dearest || now() - changedAt < SETTLE_MS) return false
      if (restored) quietMs = Math.min(MAX_QUIET_MS, quietMs * 2)
      restored = false
      dropped.push(dearest)
      changedAt = now()
      return true
    },
    /** Call it now and then. Returns true when a tier is allowed again. */
    rest: (): boolean => {
      if (dropped.length === 0 || now() - changedAt < quietMs) return false
      dropped.pop()
      restored = true
      changedAt = now()
      return true
    },
  }
}
