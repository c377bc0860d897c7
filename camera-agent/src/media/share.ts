import { createGopRing } from './gop-ring.ts'
import { packetizeH264 } from './h264-payload.ts'
import type { Codec, MediaFrame } from './media-frame.ts'
import type { SourceConfig } from './source-config.ts'
import type { Want } from './source-messages.ts'
import type { SourceStatus } from './source-status.ts'
import { createSupervisor } from './supervisor.ts'
import { createTimeline } from './timeline.ts'
import { packetizeVp8 } from './vp8-payload.ts'

export type { Codec, MediaFrame } from './media-frame.ts'
export type { SourceConfig } from './source-config.ts'
export type { SourceStatus } from './source-status.ts'

export type Subscription = { close(): void; requestKeyframe(): void }

export type Share = {
  /** The current GOP comes first, at once, then every frame as the source yields it. Nothing comes synchronously. */
  subscribe(codec: Codec, onFrame: (frame: MediaFrame) => void): Subscription
  status(): SourceStatus
  /** Every change of status; returns the way to stop listening. */
  onStatus(handler: (status: SourceStatus) => void): () => void
  /** While private the source is closed, its process ended, and nobody's wish opens it. */
  setPrivate(on: boolean): void
  viewers(): number
  /** The process that reads the source, while there is one. */
  pid(): number | undefined
  close(): Promise<void>
}

export type ShareOptions = {
  cameraName: string
  camId: string
  /** How long the source stays open after its last viewer left; default 5000. */
  lingerMs?: number
}

const LINGER_MS = 5000
const CLOSED: SourceStatus = { state: 'closed' }
const PACKETIZE = { h264: packetizeH264, vp8: packetizeVp8 }

type Lane = {
  ring: ReturnType<typeof createGopRing>
  viewers: Set<(frame: MediaFrame) => void>
  wanted: boolean
  linger?: NodeJS.Timeout | undefined
}

const createLane = (): Lane => ({ ring: createGopRing(), viewers: new Set(), wanted: false })

/** One source shared by all its viewers: opened when the first comes, closed a little after the last went. */
export function createShare(config: SourceConfig, options: ShareOptions): Share {
  const lanes: Record<Codec, Lane> = { h264: createLane(), vp8: createLane() }
  const handlers = new Set<(status: SourceStatus) => void>()
  const timeline = createTimeline()
  let supervisor: ReturnType<typeof createSupervisor> | undefined
  let closing: Promise<void> = Promise.resolve()
  let closed = false
  let isPrivate = false

  const publish = (status: SourceStatus) => {
    for (const handler of handlers) handler(status)
  }
  const onFrame = (codec: Codec, key: boolean, ticks: number, data: Buffer) => {
    const lane = lanes[codec]
    if (!lane.wanted) return
    const frame = { payloads: PACKETIZE[codec](data), timestamp: timeline.map(ticks), key }
    if (frame.payloads.length === 0) return
    lane.ring.push(frame)
    for (const viewer of lane.viewers) viewer(frame)
  }
  const restarted = () => {
    timeline.restart()
    for (const lane of Object.values(lanes)) lane.ring.clear()
  }
  const update = () => {
    const want: Want = { h264: lanes.h264.wanted, vp8: lanes.vp8.wanted }
    if (supervisor && (want.h264 || want.vp8)) supervisor.want(want)
    else if (supervisor) stop()
    else if (!closed && (want.h264 || want.vp8)) {
      supervisor = createSupervisor(config, options, want, { frame: onFrame, restarted, status: publish })
      publish(supervisor.status())
    }
  }
  const stop = () => {
    const ending = supervisor
    supervisor = undefined
    closing = Promise.all([closing, ending?.close()]).then(() => {})
    publish(CLOSED)
  }
  const empty = () => {
    for (const lane of Object.values(lanes)) {
      clearTimeout(lane.linger)
      lane.viewers.clear()
      lane.wanted = false
      lane.ring.clear()
    }
    if (supervisor) stop()
  }
  const release = (lane: Lane) => {
    lane.wanted = false
    lane.ring.clear()
    update()
  }

  return {
    subscribe: (codec, onFrame) => {
      const lane = lanes[codec]
      clearTimeout(lane.linger)
      let open = true
      queueMicrotask(() => {
        if (!open || closed || isPrivate) return
        lane.wanted = true
        for (const frame of lane.ring.burst()) if (open) onFrame(frame)
        if (open) lane.viewers.add(viewer)
        update()
      })
      const viewer = (frame: MediaFrame) => onFrame(frame)
      return {
        close: () => {
          open = false
          lane.viewers.delete(viewer)
          if (!lane.wanted || lane.viewers.size > 0) return
          clearTimeout(lane.linger)
          lane.linger = setTimeout(release, options.lingerMs ?? LINGER_MS, lane)
        },
        requestKeyframe: () => supervisor?.requestKeyframe(codec),
      }
    },
    status: () => supervisor?.status() ?? CLOSED,
    onStatus: handler => {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    setPrivate: on => {
      isPrivate = on
      if (on) empty()
    },
    viewers: () => lanes.h264.viewers.size + lanes.vp8.viewers.size,
    pid: () => supervisor?.pid(),
    close: async () => {
      closed = true
      empty()
      await closing
    },
  }
}
