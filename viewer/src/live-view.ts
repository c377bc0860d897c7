import type { Right } from '@ownsight/protocol/messages'
import { type Signal, signal } from '@preact/signals'
import { WatchFault } from './failures.ts'
import { type LiveState, liveState, type Signs } from './live-state.ts'
import { pathOf } from './rtc/stats.ts'
import { type LiveSession, type WatchOptions, watch } from './watch.ts'

/** What the live page shows of one camera. Label, stream and signs belong to one session and go with it. */
export type LiveView = {
  readonly state: Signal<LiveState>
  readonly stream: Signal<MediaStream | undefined>
  readonly path: Signal<'direct' | 'relayed' | undefined>
  readonly source: Signal<{ state: string; code?: string } | undefined>
  /** code of what went wrong last; undefined while all is well */
  readonly fault: Signal<string | undefined>
  /** what this session may do, as the camera last said */
  readonly rights: Signal<readonly Right[] | undefined>
  /** true when it has stopped trying by itself */
  readonly gaveUp: Signal<boolean>
  frame(): void
}

const LOOK_MS = 250
const TRIES = 10
/** Stalled without a heartbeat for this long: the session is given up for a new one. */
const LOST_MS = 7000

/** Watches until `signal` aborts: a new session whenever one ends for a reason that may pass. */
export function openLiveView(
  options: WatchOptions & {
    isFinal: (code: string) => boolean
    wake: () => Promise<void>
    /** resolves when the camera may have another policy than it had at this moment */
    news: () => Promise<void>
    /** told of each confirmed session; what it returns is called at its end */
    onSession?: (session: LiveSession) => () => void
    /** told why a session ended or did not come about, unless this page ended it */
    onEnd?: (code: string) => void
  },
): LiveView {
  const view = {
    state: signal<LiveState>('connecting'),
    stream: signal<MediaStream | undefined>(undefined),
    path: signal<'direct' | 'relayed' | undefined>(undefined),
    source: signal<{ state: string; code?: string } | undefined>(undefined),
    rights: signal<readonly Right[] | undefined>(undefined),
    fault: signal<string | undefined>(undefined),
    gaveUp: signal(false),
  }
  let signs: Signs = { phase: 'connecting' }

  async function keepWatching(): Promise<void> {
    for (let tries = 0; tries < TRIES && !options.signal.aborted; tries++) {
      const code = await once()
      if (options.signal.aborted) return
      if (signs.confirmedAt !== undefined) tries = 0
      view.fault.value = code
      options.onEnd?.(code)
      if (code === 'private') {
        // It comes back by itself when the owner turns the camera on.
        view.state.value = 'ended'
        await options.news()
        tries = -1
        continue
      }
      if (options.isFinal(code)) break
      await Promise.race([pause(Math.min(500 * 2 ** tries, 8000)), options.wake()])
    }
    view.state.value = 'ended'
    view.gaveUp.value = true
  }

  async function once(): Promise<string> {
    signs = { phase: 'connecting' }
    view.state.value = 'connecting'
    let session: LiveSession | undefined
    const own = new AbortController()
    const stop = () => own.abort()
    options.signal.addEventListener('abort', stop, { once: true })
    try {
      session = await watch({ ...options, signal: own.signal })
      return await show(session)
    } catch (error) {
      return error instanceof WatchFault ? error.code : 'lost'
    } finally {
      own.abort()
      options.signal.removeEventListener('abort', stop)
      session?.peer.close()
      view.stream.value = undefined
      view.path.value = undefined
      view.source.value = undefined
      view.rights.value = undefined
      signs = { ...signs, phase: 'ended' }
    }
  }

  /** Draws one confirmed session; resolves with why it ended. */
  async function show(session: LiveSession): Promise<string> {
    const ended = Promise.withResolvers<string>()
    signs = { phase: 'confirmed', confirmedAt: performance.now() }
    view.fault.value = undefined
    view.rights.value = session.granted.r
    const release = options.onSession?.(session)
    session.onMessage(message => {
      if (message.t === 'heartbeat' && message.th === session.th) signs.heartbeatAt = performance.now()
      if (message.t === 'source')
        view.source.value = { state: message.state, ...(message.code ? { code: message.code } : {}) }
      if (message.t === 'rights') view.rights.value = message.r
      if (message.t === 'ended') ended.resolve(message.code)
    })
    view.stream.value = session.stream
    const look = setInterval(() => {
      const now = performance.now()
      view.state.value = liveState(signs, now)
      if (now - (signs.heartbeatAt ?? signs.confirmedAt ?? now) > LOST_MS) ended.resolve('lost')
    }, LOOK_MS)
    const pathLook = setInterval(
      () => void session.peer.stats().then(stats => (view.path.value = pathOf(stats))),
      1000,
    )
    void session.peer.closed.then(() => setTimeout(() => ended.resolve('lost'), 50))
    try {
      return await ended.promise
    } finally {
      clearInterval(look)
      clearInterval(pathLook)
      release?.()
      if (!options.signal.aborted) session.peer.send(JSON.stringify({ t: 'bye' }))
    }
  }

  void keepWatching()
  return {
    ...view,
    frame() {
      if (signs.phase === 'confirmed') signs.frameAt = performance.now()
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
