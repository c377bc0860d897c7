import type { Lane } from './lane.ts'
import type { MediaFrame } from './media-frame.ts'

export type Route = ReturnType<typeof createRoute>

/** How far a frame's time is moved when it would not lie after the last: 1 ms of the 90 kHz clock. */
const STEP = 90

/**
 * One viewer's way from lane to lane. It changes on a key frame of the new lane only, so no frame is ever shown on a
 * base of another encoding, and its timestamps only move forward.
 */
export function createRoute(onFrame: (frame: MediaFrame) => void, now: () => number) {
  let from: Lane | undefined
  let next: Lane | undefined
  /** Nothing of `from` is sent any more: the link does not carry it. */
  let muted = false
  let last: number | undefined
  let keysOnly: (() => number | undefined) | undefined
  let nextKeyAt = 0

  const leave = (lane: Lane | undefined) => lane?.feed.leave(lane, route)
  const deliver = (frame: MediaFrame) => {
    const ahead = last === undefined || ((frame.timestamp - last) | 0) > 0
    const timestamp = ahead ? frame.timestamp : (last as number) + STEP
    last = timestamp >>> 0
    onFrame(ahead ? frame : { ...frame, timestamp: last })
  }
  /** Spaces key frames so that each has left before the next; a picture without its base is never sent. */
  const allowed = (frame: MediaFrame): boolean => {
    if (!keysOnly) return true
    if (!frame.key || now() < nextKeyAt) return false
    const bits = frame.payloads.reduce((sum, payload) => sum + payload.length * 8, 0)
    nextKeyAt = now() + (bits * 1000) / Math.max(1, keysOnly() ?? Number.POSITIVE_INFINITY)
    return true
  }
  const route = {
    /** The lane that is sent, or will be once its key frame is there. */
    target: (): Lane | undefined => next ?? from,
    waiting: (): Lane | undefined => next,
    /** The lane whose frames are sent now. */
    sending: (): Lane | undefined => (muted ? undefined : from),
    /** Sends what a lane has of its current group, and goes on with it. */
    begin: (lane: Lane) => {
      from = lane
      lane.feed.join(lane, route)
      for (const frame of lane.ring.burst()) if (from === lane && allowed(frame)) deliver(frame)
    },
    /** Goes over to `lane` at its next key frame; `mute` ends the present one at once. */
    aim: (lane: Lane, mute: boolean) => {
      if (next && next !== lane) leave(next)
      if (lane === from && !muted) {
        next = undefined
        return
      }
      next = lane
      muted ||= mute
      lane.feed.join(lane, route)
    },
    /** The present lane's group from its key frame on, once more. */
    replay: () => {
      if (!from || muted || next) return
      for (const frame of from.ring.burst()) if (allowed(frame)) deliver(frame)
    },
    /** Only key frames, as `budget` (bits per second) allows; every frame again from the next key frame on. */
    setKeysOnly: (budget: (() => number | undefined) | undefined) => {
      if (keysOnly && !budget && from) {
        if (next !== from) leave(next)
        next = from
        muted = true
      }
      keysOnly = budget
    },
    take: (lane: Lane, frame: MediaFrame) => {
      if (lane === next && frame.key) {
        if (from !== lane) leave(from)
        from = lane
        next = undefined
        muted = false
      }
      if (lane === from && !muted && allowed(frame)) deliver(frame)
    },
    end: () => {
      leave(from)
      if (next !== from) leave(next)
      from = undefined
      next = undefined
    },
  }
  return route
}
