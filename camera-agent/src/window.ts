import { randomId } from '@ownsight/protocol/bytes'
import { REPLAY_MAX_PER_VIEWER, WINDOW_LIFETIME_S } from '@ownsight/protocol/limits'

/**
 * The camera's window nonce and its replay cache: offers name the current window or the one before, and each
 * (viewer, sid) is good once within them. Time here is monotonic; no clock can widen a window (PROTOCOL.md §7).
 */
export type OfferWindow = {
  /** current first */
  nonces(): readonly string[]
  /** Starts a new window when the current one is old; true when it did. */
  rotate(): boolean
  record(viewer: string, sid: string, win: string): 'fresh' | 'seen' | 'full'
}

type Slot = { nonce: string; started: number; seen: Map<string, Set<string>> }

/** @param now monotonic seconds */
export function openWindow(now: () => number): OfferWindow {
  const fresh = (): Slot => ({ nonce: randomId(), started: now(), seen: new Map() })
  let current = fresh()
  let previous: Slot | undefined

  const rotate = (): boolean => {
    const age = now() - current.started
    if (age < WINDOW_LIFETIME_S) return false
    // After a long sleep the one before is too old as well.
    previous = age < 2 * WINDOW_LIFETIME_S ? current : undefined
    current = fresh()
    return true
  }
  const slots = (): Slot[] => (previous ? [current, previous] : [current])

  return {
    nonces: () => {
      rotate()
      return slots().map(slot => slot.nonce)
    },
    rotate,
    record(viewer, sid, win) {
      // One sid may not come back under the other window either.
      if (slots().some(slot => slot.seen.get(viewer)?.has(sid))) return 'seen'
      const slot = slots().find(candidate => candidate.nonce === win)
      if (!slot) return 'seen'
      const sids = slot.seen.get(viewer) ?? new Set()
      if (sids.size >= REPLAY_MAX_PER_VIEWER) return 'full'
      slot.seen.set(viewer, sids.add(sid))
      return 'fresh'
    },
  }
}
