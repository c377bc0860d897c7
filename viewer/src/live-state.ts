import { STALLED_MS } from '@ownsight/protocol/limits'

/** What may be said of the picture. */
export type LiveState =
  | 'connecting' // nothing was shown yet
  | 'live' // heartbeat and frames are fresh
  | 'stalled' // the session is there, its picture does not advance
  | 'reconnecting' // there was a picture, and a new session is being made
  | 'offline' // the camera, or this device, is not connected
  | 'paused' // the page is hidden: nothing is sent or decoded
  | 'ended' // nothing is tried any more

export type Signs = {
  phase: 'connecting' | 'confirmed' | 'paused' | 'ended'
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

/** What the page says: of the session it shows, or of the way to the next one. */
export function pageState(view: {
  /** of the session that is shown */
  shown: LiveState | undefined
  isReplacing: boolean
  /** a picture was live in this view before */
  wasLive: boolean
  isOffline: boolean
  isOver: boolean
}): LiveState {
  const { shown } = view
  if (view.isOver) return 'ended'
  if (shown === 'live' || shown === 'paused') return shown
  if (view.isOffline) return 'offline'
  if (view.wasLive && (view.isReplacing || shown === undefined)) return 'reconnecting'
  return shown ?? 'connecting'
}
