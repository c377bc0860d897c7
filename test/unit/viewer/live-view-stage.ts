import assert from 'node:assert/strict'
import type { ToViewer } from '@ownsight/protocol/channel'
import type { ViewerState } from '@ownsight/protocol/session-state'
import { isFinal, WatchFault } from '../../../viewer/src/failures.ts'
import { type LiveView, type LiveViewOptions, openLiveView } from '../../../viewer/src/live-view.ts'
import type { PageEvent } from '../../../viewer/src/page-events.ts'
import type { LiveSession, WatchOptions } from '../../../viewer/src/watch.ts'
import { type FakeClock, fakeClock, settle } from './fake-clock.ts'

/** One attempt that the view under test has made; the test is camera, network and browser. */
export type FakeAttempt = {
  readonly signal: AbortSignal
  /** what the viewer said over the channel */
  readonly said: string[]
  enter(state: ViewerState): void
  /** The camera confirms; from now on it sends a heartbeat each second and ten frames, while `carries`. */
  confirm(): Promise<void>
  fail(code: string): void
  tell(message: ToViewer): void
  /** the path carries heartbeats, and the camera sends frames */
  carries: boolean
  beats: boolean
  sends: boolean
  isClosed: boolean
}

export type Scene = {
  clock: FakeClock
  view: LiveView
  attempts: FakeAttempt[]
  ended: string[]
  doubts: number
  /** what the view said last: whether there is still a reason to doubt */
  isStill: () => boolean
  hidden: boolean
  online: boolean
  happen(event: PageEvent): void
  reconnect(): void
  state(): string
  /** transcript hash of the session on the page */
  shownTh(): string | undefined
  /** The attempt of this number, which has to have been made. */
  nth(n: number): FakeAttempt
  /** Confirms the newest attempt, which is then live. */
  goLive(): Promise<FakeAttempt>
  stop(): void
}

const FRAME_MS = 100

export function openScene(more: Partial<LiveViewOptions> = {}): Scene {
  const clock = fakeClock()
  const controller = new AbortController()
  const handlers = new Set<(event: PageEvent) => void>()
  const reconnects = new Set<() => void>()
  const scene: Scene = {
    clock,
    view: undefined as never,
    attempts: [],
    ended: [],
    doubts: 0,
    isStill: () => false,
    hidden: false,
    online: true,
    happen: event => {
      for (const handler of handlers) handler(event)
    },
    reconnect: () => {
      for (const handler of [...reconnects]) handler()
    },
    state: () => scene.view.state.value,
    shownTh: () => scene.view.shown.value?.live.th,
    nth: n => {
      const made = scene.attempts[n]
      assert.ok(made, `attempt ${n}`)
      return made
    },
    goLive: async () => {
      await settle()
      const made = scene.nth(scene.attempts.length - 1)
      await made.confirm()
      await clock.pass(1500)
      assert.equal(scene.state(), 'live')
      return made
    },
    stop: () => controller.abort(),
  }
  const listen =
    <T>(set: Set<T>) =>
    (handler: T) => {
      set.add(handler)
      return () => void set.delete(handler)
    }
  scene.view = openLiveView({
    camera: {} as never,
    view: {} as never,
    ask: (() => undefined) as never,
    isFinal,
    wake: () => new Promise(() => undefined),
    news: () => new Promise(() => undefined),
    doubt: isStill => {
      scene.doubts++
      scene.isStill = isStill
    },
    onReconnect: listen(reconnects),
    onEnd: code => scene.ended.push(code),
    clock,
    page: { isHidden: () => scene.hidden, isOnline: () => scene.online, on: listen(handlers) },
    open: options => attempt(scene, options),
    signal: controller.signal,
    ...more,
  })
  return scene
}

function attempt(scene: Scene, options: WatchOptions): Promise<LiveSession> {
  const { clock } = scene
  const outcome = Promise.withResolvers<LiveSession>()
  const closed = Promise.withResolvers<void>()
  const th = `th${scene.attempts.length}`
  let handler: (message: ToViewer) => void = () => undefined
  let rtpTs = 0
  let stops: (() => void)[] = []
  const beat = (): void => {
    if (made.carries && made.beats)
      handler({ t: 'heartbeat', seq: 0, rtpTs, cameraTime: 1_700_000_000_000 + clock.now(), th })
  }
  const close = (): void => {
    made.isClosed = true
    for (const stop of stops) stop()
    closed.resolve()
  }
  const made: FakeAttempt = {
    signal: options.signal,
    said: [],
    carries: true,
    beats: true,
    sends: true,
    isClosed: false,
    enter: state => options.onState?.(state),
    async confirm() {
      made.enter('live')
      outcome.resolve({
        camId: 'cam',
        stream: {} as MediaStream,
        th,
        granted: { r: ['view'], exp: 2_000_000_000 },
        onMessage: next => {
          handler = next
        },
        request: async () => undefined,
        peer: {
          send: (text: string) => {
            const { t } = JSON.parse(text)
            made.said.push(t)
            if (t === 'alive') beat()
          },
          closed: closed.promise,
          close,
          stats: async () => new Map() as never,
        } as never,
      })
      await clock.pass(0)
      beat()
      stops = [clock.every(1000, beat), clock.every(FRAME_MS, frame)]
    },
    fail(code) {
      close()
      outcome.reject(new WatchFault(code))
    },
    tell: message => handler(message),
  }
  function frame(): void {
    const paused = made.said.findLast(t => t === 'pause' || t === 'play') === 'pause'
    if (!made.carries || !made.sends || paused) return
    rtpTs += FRAME_MS * 90
    // As a browser does: nothing is drawn on a hidden page.
    if (scene.hidden) return
    const { shown, coming } = scene.view
    for (const session of [shown.value, coming.value]) if (session?.live.th === th) session.frame(rtpTs)
  }
  options.signal.addEventListener('abort', () => {
    close()
    outcome.reject(new WatchFault('stopped'))
  })
  scene.attempts.push(made)
  return outcome.promise
}
