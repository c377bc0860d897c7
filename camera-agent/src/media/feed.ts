import { createCeiling } from './ceiling.ts'
import type { SourceFrame } from './frame-pipe.ts'
import { packetizeH264 } from './h264-payload.ts'
import { createLane, type Lane } from './lane.ts'
import type { Encoding } from './media-frame.ts'
import { isOriginal } from './output.ts'
import type { Route } from './route.ts'
import { createSoundLimit } from './sound-limit.ts'
import { createSoundShare } from './sound-share.ts'
import type { SourceIdentity } from './source.ts'
import type { SourceConfig } from './source-config.ts'
import type { SourceStatus } from './source-status.ts'
import { createSupervisor } from './supervisor.ts'
import type { Tier } from './tier.ts'
import { createTimeline } from './timeline.ts'
import { packetizeVp8 } from './vp8-payload.ts'
import { packetizeVp9 } from './vp9-payload.ts'

export type Feed = {
  /** The lane of an encoding, the same object each time. */
  lane(encoding: Encoding): Lane
  lanes(): readonly Lane[]
  join(lane: Lane, route: Route): void
  leave(lane: Lane, route: Route): void
  setRate(lane: Lane, bps: number): void
  requestKeyframe(lane: Lane): void
  /** Those who hear it; a source is not opened for them alone. */
  readonly hearing: Pick<ReturnType<typeof createSoundShare>, 'join' | 'leave' | 'update'>
  /** Tiers the process could not keep up with are not allowed for a while. */
  allows(tier: Tier): boolean
  /** Call it now and then: allows a tier again when it is time. */
  rest(): void
  /** True while the source goes to H.264 viewers as it is. */
  passes(): boolean
  /** Bits per second of the source as it is; undefined until measured. */
  passedRate(): number | undefined
  /** Lines of the source's pictures; undefined until they are known. */
  height(): number | undefined
  status(): SourceStatus
  pid(): number | undefined
  /** Closes the source whoever watches. */
  empty(): void
  /** Resolves when every process this feed started is gone. */
  ended(): Promise<void>
}
export type FeedOptions = SourceIdentity & { lingerMs: number }

/** How long an encoding is kept up for a viewer that may come back to it. */
const UNUSED_MS = 5000
const CLOSED: SourceStatus = { state: 'closed' }
const PACKETIZE = { h264: packetizeH264, vp8: packetizeVp8, vp9: packetizeVp9 }

/**
 * One source and its lanes: its process is started when the first lane is wanted and ended when none is. Frames reach
 * the lanes of this very object through the process it started, by no name or number that could be another camera's.
 */
export function createFeed(config: SourceConfig, options: FeedOptions, onStatus: () => void): Feed {
  const lanes: Lane[] = []
  const timeline = createTimeline()
  const ceiling = createCeiling()
  const maySound = createSoundLimit()
  const hearing = createSoundShare(want => supervisor?.hear(want))
  let supervisor: ReturnType<typeof createSupervisor> | undefined
  let closing: Promise<void> = Promise.resolve()
  let wanted = ''
  let passed: number | undefined
  let height: number | undefined

  const onFrame = ({ codec, tier, key, ticks, data }: SourceFrame) => {
    const lane = lanes.find(({ encoding }) => encoding.codec === codec && encoding.tier === tier)
    if (!lane?.wanted || (!key && !lane.begun)) return
    const frame = { payloads: PACKETIZE[codec](data), timestamp: timeline.map(ticks), key }
    if (frame.payloads.length === 0) return
    lane.begun = true
    lane.meter.add(data.length, key)
    lane.take(frame, timeline.at(ticks))
  }
  const restarted = () => {
    timeline.restart()
    for (const lane of lanes) lane.reset()
  }
  const passes = () => config.kind !== 'test-pattern' && supervisor?.status().transcoding !== true
  const behind = () => {
    const running = lanes.filter(lane => lane.wanted && !(passes() && isOriginal(lane.encoding)))
    if (ceiling.behind(running.map(({ encoding }) => encoding.tier))) supervisor?.setReduced(true)
  }
  const start = () => {
    const want = wantOf(lanes)
    wanted = JSON.stringify(want)
    supervisor = createSupervisor(config, options, want, {
      frame: onFrame,
      restarted,
      soundIs: hearing.soundIs,
      sound: sound => {
        const at = timeline.at(sound.ticks)
        if (at !== undefined && maySound()) hearing.sound(sound, at)
      },
      rate: bps => {
        passed = bps
      },
      size: lines => {
        height = lines
      },
      behind,
      status: onStatus,
    })
    onStatus()
  }
  const stop = () => {
    const ending = supervisor
    supervisor = undefined
    passed = undefined
    closing = Promise.all([closing, ending?.close()]).then(() => {})
    onStatus()
  }
  const update = () => {
    const want = wantOf(lanes)
    if (!supervisor && want.length > 0) return start()
    if (!supervisor) return
    if (want.length === 0) return stop()
    const text = JSON.stringify(want)
    if (text !== wanted) supervisor.want(want)
    wanted = text
  }
  const release = (lane: Lane) => {
    lane.wanted = false
    lane.reset()
    update()
  }
  const feed: Feed = {
    lane: encoding => {
      const known = lanes.find(lane => sameEncoding(lane.encoding, encoding))
      if (known) return known
      const lane = createLane(feed, encoding)
      lanes.push(lane)
      return lane
    },
    lanes: () => lanes,
    join: (lane, route) => {
      clearTimeout(lane.linger)
      lane.routes.add(route)
      lane.wanted = true
      update()
    },
    leave: (lane, route) => {
      if (!lane.routes.delete(route) || lane.routes.size > 0 || !lane.wanted) return
      clearTimeout(lane.linger)
      // While others watch, an encoding that nobody takes is only work.
      const isWatched = lanes.some(({ routes }) => routes.size > 0)
      const ms = isWatched ? Math.min(UNUSED_MS, options.lingerMs) : options.lingerMs
      lane.linger = setTimeout(release, ms, lane)
    },
    setRate: (lane, bps) => {
      lane.bps = bps
      if (supervisor && lane.wanted) update()
    },
    requestKeyframe: ({ encoding }) => supervisor?.requestKeyframe(encoding),
    hearing,
    allows: ceiling.allows,
    rest: () => {
      if (ceiling.rest()) supervisor?.setReduced(ceiling.any())
    },
    passes,
    passedRate: () => passed,
    height: () => height,
    status: () => supervisor?.status() ?? CLOSED,
    pid: () => supervisor?.pid(),
    empty: () => {
      for (const lane of lanes) {
        clearTimeout(lane.linger)
        lane.routes.clear()
        lane.wanted = false
        lane.reset()
      }
      hearing.clear()
      if (supervisor) stop()
    },
    ended: () => closing,
  }
  return feed
}

const sameEncoding = (one: Encoding, other: Encoding): boolean =>
  one.codec === other.codec && one.tier === other.tier

const wantOf = (lanes: readonly Lane[]) =>
  lanes.filter(lane => lane.wanted).map(({ encoding, bps }) => ({ ...encoding, bps }))
