import { createFeed } from './feed.ts'
import type { Codec, MediaFrame } from './media-frame.ts'
import type { SoundCodec, SoundFrame } from './sound.ts'
import { type SourceConfig, subOf } from './source-config.ts'
import type { SourceStatus } from './source-status.ts'
import { createViewers, type Hearing } from './viewers.ts'

export type { Codec, MediaFrame } from './media-frame.ts'
export type { SourceConfig } from './source-config.ts'
export type { SourceStatus } from './source-status.ts'

export type Subscription = {
  close(): void
  requestKeyframe(): void
  /** Bits per second that pictures may take of this viewer's link: headers and repair not among them. */
  setBudget(bps: number): void
  /** How high the viewer draws the picture, in pixels of its screen. */
  setHeight(pixels: number): void
  /** Bits per second beyond which a link gains this viewer nothing. */
  demand(): number
  /** The sound of what is sent, where the source has any, in one of `codecs`; nothing comes synchronously. */
  hear(codecs: ReadonlySet<SoundCodec>, onSound: (frame: SoundFrame) => void): Hearing
}

export type Share = {
  /**
   * The current GOP comes first, at once, then every frame as the source yields it. Nothing comes synchronously. Without
   * a budget a viewer is sent the best there is; with one, what fits. A change of quality begins with a key frame, and
   * timestamps only move forward.
   */
  subscribe(
    codec: Codec,
    onFrame: (frame: MediaFrame) => void,
    options?: { budget?: number | undefined },
  ): Subscription
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
  /** False: the source's sound is not read, and nobody hears it. */
  sound?: boolean
  /** How long the source stays open after its last viewer left; default 30 000. */
  lingerMs?: number
}

/** A viewer that lost its path comes back to a picture, not to a source that has yet to be opened. */
const LINGER_MS = 30_000
/** A sub stream that failed is left alone this long. */
const SUB_RETRY_MS = 60_000

/** One source shared by all its viewers: opened when the first comes, closed a little after the last went. */
export function createShare(config: SourceConfig, options: ShareOptions): Share {
  const { cameraName, camId, sound = true, lingerMs = LINGER_MS } = options
  const handlers = new Set<(status: SourceStatus) => void>()
  let closed = false
  let isPrivate = false
  let subFailedAt = Number.NEGATIVE_INFINITY
  let told: SourceStatus = { state: 'closed' }

  const publish = () => {
    const status = current()
    if (status === told || (status.state === 'closed' && told.state === 'closed')) return
    told = status
    for (const handler of handlers) handler(status)
  }
  const settings = { cameraName, camId, sound, lingerMs }
  const main = createFeed(config, settings, publish)
  const second = subOf(config)
  const sub = second && createFeed(second, settings, () => onSubStatus())
  const usable = () => (performance.now() - subFailedAt > SUB_RETRY_MS ? sub : undefined)
  const viewers = createViewers(main, usable)
  const onSubStatus = () => {
    const { state, transcoding } = sub?.status() ?? told
    if (state === 'failed' || state === 'reconnecting' || transcoding) {
      subFailedAt = performance.now()
      viewers.review()
    }
    publish()
  }
  const current = (): SourceStatus => {
    const status = main.status()
    return status.state === 'closed' && sub ? sub.status() : status
  }
  const empty = () => {
    viewers.clear()
    main.empty()
    sub?.empty()
  }
  return {
    subscribe: (codec, onFrame, { budget } = {}) => {
      const viewer = viewers.create(codec, onFrame, budget)
      queueMicrotask(() => {
        if (!closed && !isPrivate) viewer.begin()
      })
      const { begin: _, ...subscription } = viewer
      return subscription
    },
    status: current,
    onStatus: handler => {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    setPrivate: on => {
      isPrivate = on
      if (on) empty()
    },
    viewers: viewers.count,
    pid: () => main.pid() ?? sub?.pid(),
    close: async () => {
      closed = true
      empty()
      await Promise.all([main.ended(), sub?.ended()])
    },
  }
}
