import type { Feed } from '@ownsight/camera-agent/media/feed'
import { createLane, type Lane } from '@ownsight/camera-agent/media/lane'
import type { Encoding, MediaFrame } from '@ownsight/camera-agent/media/media-frame'
import type { Listener } from '@ownsight/camera-agent/media/sound-share'
import type { Tier } from '@ownsight/camera-agent/media/tier'

/** A feed without a source: the test says what it passes, allows and sends. */
export function fakeFeed(
  settings: {
    passes?: boolean
    rate?: number | undefined
    height?: number
    forbids?: Tier[]
    sound?: 'aac'
  } = {},
) {
  const lanes: Lane[] = []
  const listeners = new Set<Listener>()
  const asked: string[] = []
  const rates: Record<string, number> = {}
  const nameOf = ({ codec, tier }: Encoding) => `${codec} ${tier}`
  const newLane = (encoding: Encoding): Lane => {
    const lane = createLane(feed, encoding)
    lanes.push(lane)
    return lane
  }
  const feed: Feed = {
    lane: encoding =>
      lanes.find(lane => nameOf(lane.encoding) === nameOf(encoding)) ?? newLane({ ...encoding }),
    lanes: () => lanes,
    join: (lane, route) => {
      lane.routes.add(route)
      lane.wanted = true
    },
    leave: (lane, route) => void lane.routes.delete(route),
    setRate: (lane, bps) => {
      lane.bps = bps
      rates[nameOf(lane.encoding)] = bps
    },
    requestKeyframe: lane => void asked.push(nameOf(lane.encoding)),
    hearing: {
      join: listener => void listeners.add(listener),
      leave: listener => void listeners.delete(listener),
      update: () => undefined,
    },
    allows: tier => !settings.forbids?.includes(tier),
    rest: () => undefined,
    passes: () => settings.passes ?? false,
    passedRate: () => settings.rate,
    height: () => settings.height,
    status: () => ({ state: 'live', ...(settings.sound ? { sound: settings.sound } : {}) }),
    pid: () => 1,
    empty: () => undefined,
    ended: async () => undefined,
  }
  /** One frame of a lane to all who are on it. */
  const send = (
    tier: Tier,
    key: boolean,
    timestamp: number,
    codec: Encoding['codec'] = 'h264',
    size = 100,
  ) => {
    const lane = feed.lane({ codec, tier })
    const frame: MediaFrame = { payloads: [Buffer.alloc(size)], timestamp, key }
    lane.begun = true
    lane.take(frame, undefined)
    return frame
  }
  return { feed, settings, asked, rates, send, listeners }
}
