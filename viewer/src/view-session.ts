import { TILE_MAX_HEIGHT } from '@ownsight/protocol/channel'
import type { Right } from '@ownsight/protocol/messages'
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { Clock } from './clock.ts'
import { longestRtt, type PathSigns } from './doubt.ts'
import { type LiveState, liveState } from './live-state.ts'
import { leave } from './opening.ts'
import { iceOf, type Path, pathOf, roundTripOf } from './rtc/stats.ts'
import type { LiveSession } from './watch.ts'

/** One confirmed session as the page shows it. Stream, signs and times belong to it and go with it. */
export type ViewSession = {
  readonly id: number
  readonly live: LiveSession
  readonly path: Signal<Path | undefined>
  readonly source: Signal<{ state: string; code?: string } | undefined>
  /** what this session may do, as the camera last said */
  readonly rights: Signal<readonly Right[]>
  /** it may hear the camera, and the camera has something to be heard */
  readonly canHear: ReadonlySignal<boolean>
  /** when the camera took the newest picture that was drawn: ms since the epoch, by the camera's clock */
  readonly takenAt: Signal<number | undefined>
  /** why the camera or the connection ended it */
  readonly ended: Promise<string>
  /** the first picture was drawn */
  readonly firstFrame: Promise<void>
  signs(): Readonly<PathSigns>
  state(): LiveState
  /** @param rtpTimestamp of the picture that was drawn, where the browser says */
  frame(rtpTimestamp?: number): void
  /** Asks the camera for a heartbeat at once. */
  probe(): void
  /** Tells the camera how high the picture is drawn. @param height in pixels of the screen */
  tile(height: number): void
  pause(): void
  play(): void
  /** Asks the camera for its sound, or for none; it sends none unasked. */
  listen(on: boolean): void
  /** draws what is shown into a canvas; set by whoever shows it */
  copyPicture: (() => HTMLCanvasElement | undefined) | undefined
  close(): void
}

const STATS_MS = 1000
const TILE_SETTLE_MS = 300
/** Whether a picture is a few lines higher is nobody's concern. */
const TILE_STEP = 16
/** Gaps between frames that are needed before one says what is usual. */
const GAPS_MIN = 8

export function viewSession(id: number, live: LiveSession, clock: Clock): ViewSession {
  const ended = Promise.withResolvers<string>()
  const first = Promise.withResolvers<void>()
  const path = signal<Path | undefined>(undefined)
  const source = signal<{ state: string; code?: string } | undefined>(undefined)
  const rights = signal<readonly Right[]>(live.granted.r)
  const hasSound = signal(false)
  const canHear = computed(() => hasSound.value && rights.value.includes('audio'))
  const takenAt = signal<number | undefined>(undefined)
  let listens = false
  let signs: PathSigns = { phase: 'confirmed', confirmedAt: clock.now() }
  /** a frame the camera sent, and its time by the camera's clock */
  let anchor: { rtpTs: number; cameraTime: number } | undefined
  let gaps = { count: 0, mean: 0, deviation: 0 }

  live.onMessage(message => {
    if (message.t === 'heartbeat' && message.th === live.th) {
      signs = { ...signs, heartbeatAt: clock.now() }
      // Nothing sent yet, or nothing new: then it says nothing of the time of a frame.
      if (message.rtpTs === (anchor?.rtpTs ?? 0)) return
      signs = { ...signs, sentAt: clock.now() }
      anchor = message
    }
    if (message.t === 'source') {
      source.value = { state: message.state, ...(message.code ? { code: message.code } : {}) }
      // A source that is on its way back has said nothing of its sound yet.
      if (message.state === 'live') hasSound.value = message.sound === true
    }
    if (message.t === 'rights') rights.value = message.r
    if (message.t === 'ended') ended.resolve(message.code)
  })
  // The camera's last word may still be on its way to its handler.
  void live.peer.closed.then(() => clock.after(50, () => ended.resolve('lost')))
  const stopStats = clock.every(STATS_MS, () => {
    void live.peer.stats().then(report => {
      path.value = pathOf(report)
      const rtt = roundTripOf(report)
      if (rtt !== undefined) signs = { ...signs, rtt: longestRtt(signs.rtt, rtt) }
      if (iceOf(report) === 'disconnected') probe()
    })
  })

  const say = (t: 'alive' | 'pause' | 'play'): void => live.peer.send(JSON.stringify({ t }))
  let tile: number | undefined
  let wished: number | undefined
  const sayTile = (): void => {
    const height = wished
    wished = undefined
    if (height === undefined || height === tile || signs.phase === 'ended') return
    tile = height
    live.peer.send(JSON.stringify({ t: 'tile', height }))
  }
  function probe(): void {
    const heard = Math.max(signs.heartbeatAt ?? 0, signs.frameAt ?? 0)
    // One that is unanswered stays the one that counts.
    if (signs.probedAt !== undefined && signs.probedAt > heard) return
    signs = { ...signs, probedAt: clock.now() }
    say('alive')
  }
  function measure(now: number): void {
    if (signs.frameAt === undefined) return
    const gap = now - signs.frameAt
    const { count, mean, deviation } = gaps
    gaps =
      count === 0
        ? { count: 1, mean: gap, deviation: gap / 2 }
        : {
            count: count + 1,
            mean: mean + (gap - mean) / 8,
            deviation: deviation + (Math.abs(gap - mean) - deviation) / 4,
          }
    if (gaps.count >= GAPS_MIN) signs = { ...signs, interval: gaps }
  }

  return {
    id,
    live,
    path,
    source,
    rights,
    canHear,
    takenAt,
    ended: ended.promise,
    firstFrame: first.promise,
    signs: () => signs,
    state: () => liveState(signs, clock.now()),
    frame(rtpTimestamp) {
      const now = clock.now()
      measure(now)
      signs = { ...signs, frameAt: now }
      first.resolve()
      if (anchor) takenAt.value = timeOf(anchor, rtpTimestamp)
    },
    probe,
    tile(height) {
      // A window that is being drawn larger says so once it stays.
      if (wished === undefined) clock.after(tile === undefined ? 0 : TILE_SETTLE_MS, sayTile)
      const whole = Math.ceil(height / TILE_STEP) * TILE_STEP
      wished = Math.min(TILE_MAX_HEIGHT, Math.max(TILE_STEP, whole))
    },
    pause() {
      if (signs.phase !== 'confirmed') return
      signs = { ...signs, phase: 'paused' }
      say('pause')
    },
    play() {
      if (signs.phase !== 'paused') return
      const { frameAt: _, interval: __, ...kept } = signs
      signs = { ...kept, phase: 'confirmed', confirmedAt: clock.now() }
      gaps = { count: 0, mean: 0, deviation: 0 }
      say('play')
    },
    listen(on) {
      if (on === listens) return
      listens = on
      live.peer.send(JSON.stringify({ t: 'listen', on }))
    },
    copyPicture: undefined,
    close() {
      stopStats()
      signs = { ...signs, phase: 'ended' }
      leave(live)
    },
  }
}

/** Further apart than this, ticks of 90 kHz belong to different streams of frames. */
const ANCHOR_MAX_TICKS = 60 * 90_000

/** The camera's time of a frame, from the last frame whose time it told; timestamps wrap at 32 bits (RFC 3550 §5.1). */
export function timeOf(anchor: { rtpTs: number; cameraTime: number }, rtpTimestamp?: number): number {
  if (rtpTimestamp === undefined) return anchor.cameraTime
  const ticks = (rtpTimestamp - anchor.rtpTs) | 0
  return Math.abs(ticks) > ANCHOR_MAX_TICKS ? anchor.cameraTime : anchor.cameraTime + ticks / 90
}
