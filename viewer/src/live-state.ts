import { STALLED_MS } from '@ownsight/protocol/limits'

/** What may be said of the picture. */
export type LiveState = 'connecting' | 'live' | 'stalled' | 'ended'

export type Signs = {
  phase: 'connecting' | 'confirmed' | 'ended'
  /** milliseconds of one monotonic clock; undefined: none yet */
  confirmedAt?: number
  heartbeatAt?: number
  frameAt?: number
}

/**
 * LIVE only while the camera's heartbeat is fresh and decoded frames advance. The last frame of a source that stopped
 * is never called live.
 */
export function liveState(signs: Signs, now: number): LiveState {
  if (signs.phase !== 'confirmed') return signs.phase
  const fresh = (at: number | undefined) => at !== undefined && now - at <= STALLED_MS
  if (fresh(signs.heartbeatAt) && fresh(signs.frameAt)) return 'live'
  const neverSeen = signs.frameAt === undefined && fresh(signs.confirmedAt)
  return neverSeen ? 'connecting' : 'stalled'
}
