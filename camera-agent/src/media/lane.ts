import type { Feed } from './feed.ts'
import { createGopRing } from './gop-ring.ts'
import type { Encoding, MediaFrame } from './media-frame.ts'
import { createPictureLag } from './picture-lag.ts'
import { createRateMeter } from './rate-meter.ts'
import type { Route } from './route.ts'
import { TIER_LIMITS } from './tier.ts'

/** One encoding of one source as the agent hands it on. It belongs to its feed, and to no other for ever. */
export type Lane = {
  readonly feed: Feed
  readonly encoding: Encoding
  readonly ring: ReturnType<typeof createGopRing>
  readonly meter: ReturnType<typeof createRateMeter>
  readonly lag: ReturnType<typeof createPictureLag>
  /** Who is sent it, or will be from its next key frame on. */
  readonly routes: Set<Route>
  bps: number
  wanted: boolean
  /** A key frame has come since it is wanted: what follows can be decoded. */
  begun: boolean
  linger?: NodeJS.Timeout | undefined
  /** This lane as something a viewer may be sent: all of it, or its key frames. */
  readonly whole: Aim
  readonly keys: Aim
  /**
   * Hands a frame to all who are sent this lane.
   * @param at where it lies on its source's line, 90 kHz; undefined when that is not known
   */
  take(frame: MediaFrame, at: number | undefined): void
  /** Its source was opened anew, or nobody wants it: what was before means nothing to what comes. */
  reset(): void
}
export type Aim = { readonly lane: Lane; readonly keysOnly: boolean }

/** What a feed hands on of one encoding, before its first frame. */
export function createLane(feed: Feed, encoding: Encoding): Lane {
  const lane: Lane = {
    feed,
    encoding,
    ring: createGopRing(),
    meter: createRateMeter(),
    lag: createPictureLag(),
    routes: new Set(),
    bps: TIER_LIMITS[encoding.tier].start,
    wanted: false,
    begun: false,
    get whole() {
      return whole
    },
    get keys() {
      return keys
    },
    take: (frame, at) => {
      if (at !== undefined) lane.lag.add(at)
      lane.ring.push(frame)
      for (const route of [...lane.routes]) route.take(lane, frame)
    },
    reset: () => {
      lane.ring.clear()
      lane.meter.reset()
      lane.lag.reset()
      lane.begun = false
    },
  }
  const whole: Aim = { lane, keysOnly: false }
  const keys: Aim = { lane, keysOnly: true }
  return lane
}
