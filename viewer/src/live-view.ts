import { SESSION_MAX_S } from '@ownsight/protocol/limits'
import { type Signal, signal } from '@preact/signals'
import { type Clock, pageClock } from './clock.ts'
import { HIDDEN_MS, LOST_MS, SWAP_MS } from './deadlines.ts'
import { doubtOf, HEARTBEAT_LOST_MS, hasRecovered, heardAt, probeAt, probePatience } from './doubt.ts'
import { WatchFault } from './failures.ts'
import { type LiveState, pageState } from './live-state.ts'
import { openSession } from './opening.ts'
import { type PageEvent, type PageEvents, pageEvents } from './page-events.ts'
import { createStage, type Stage } from './stage.ts'
import { createCaution } from './trials.ts'
import { type ViewSession, viewSession } from './view-session.ts'
import { type LiveSession, type WatchOptions, watch } from './watch.ts'

/** What the live page shows of one camera. */
export type LiveView = Pick<Stage, 'shown' | 'coming' | 'last' | 'age'> & {
  readonly state: Signal<LiveState>
  /** code of what went wrong last; undefined while all is well */
  readonly fault: Signal<string | undefined>
  /** true when it has stopped trying by itself */
  readonly gaveUp: Signal<boolean>
}

export type LiveViewOptions = WatchOptions & {
  isFinal: (code: string) => boolean
  wake: () => Promise<void>
  /** resolves when the camera may have another policy than it had at this moment */
  news: () => Promise<void>
  /** Asks signaling for a sign of life, and connects anew where none comes while there is still a reason to. */
  doubt?: (isStill: () => boolean) => void
  onReconnect?: (handler: () => void) => () => void
  /** told of each session when it is shown; what it returns is called at its end */
  onSession?: (session: LiveSession) => () => void
  /** told why a session ended or did not come about, unless this page ended it */
  onEnd?: (code: string) => void
  clock?: Clock
  page?: PageEvents
  open?: typeof watch
}

const LOOK_MS = 50
/** A look that comes later than this: the page stood still, and what came meanwhile is heard first. */
const STOOD_STILL_MS = 1000
const TRIES = 10
const ASK_EVERY_MS = 500
/** Signaling that has just been reached is not doubted. */
const REACHED_MS = 1500
/** A session that is being replaced and was heard of since: signaling need not be asked for its sake. */
const HEARD_MS = 400
/** A session that ends by itself at its longest is followed by another before that. */
const RENEW_MS = SESSION_MAX_S * 1000 - 5 * 60_000

type Outcome = ViewSession | 'kept' | { code: string }

/**
 * Watches until `signal` aborts. A new session is made and verified beside the one that is shown when its path is in
 * doubt, and takes its place with its first picture; when the old one recovers first, it stays. Two sessions never mix:
 * stream, signs and times live in a ViewSession.
 */
export function openLiveView(options: LiveViewOptions): LiveView {
  const { clock = pageClock, page = pageEvents } = options
  const stage = createStage(clock, options.onSession)
  const { shown, coming, last, age } = stage
  const state = signal<LiveState>('connecting')
  const fault = signal<string | undefined>(undefined)
  const gaveUp = signal(false)
  const caution = createCaution(clock.now)
  let ids = 0
  let isReplacing = false
  let isOver = false
  let isHiddenLong = false
  let isCameraOffline = false
  let lookedAt = clock.now()
  let askedAt = Number.NEGATIVE_INFINITY
  /** why the session that is shown ended, until that was said */
  let ending = Promise.withResolvers<string>()
  /** the moment from which it is in doubt */
  let doubted = Promise.withResolvers<number>()
  let nudge = Promise.withResolvers<void>()
  let seen = Promise.withResolvers<void>()
  let cancelHidden = (): void => undefined
  const isLast = (code: string): boolean => code === 'private' || options.isFinal(code)

  async function keepWatching(): Promise<void> {
    let tries = 0
    let since = Number.POSITIVE_INFINITY
    while (!options.signal.aborted) {
      if (page.isHidden()) await seen.promise
      const outcome = await replace(since)
      if (options.signal.aborted) return
      if (outcome !== 'kept' && 'code' in outcome) {
        if (!(await mayGoOn(outcome.code, tries++))) return over()
        if (outcome.code === 'private') tries = 0
        continue
      }
      tries = 0
      if (outcome !== 'kept') present(outcome)
      else if (clock.now() - since < HEARTBEAT_LOST_MS) caution.wasNeedless()
      fault.value = undefined
      const why = await Promise.race([ending.promise, doubted.promise])
      if (options.signal.aborted) return
      since = typeof why === 'number' ? why : Number.POSITIVE_INFINITY
      if (typeof why === 'string' && !(await mayGoOn(why, 0))) return over()
    }
  }

  /** A new session, unless the one that is shown comes back first. */
  async function replace(since: number): Promise<Outcome> {
    const own = new AbortController()
    const stop = () => own.abort()
    options.signal.addEventListener('abort', stop, { once: true })
    const instead = Promise.withResolvers<Outcome>()
    void ending.promise.then(code => isLast(code) && instead.resolve({ code }))
    const cancelLook = clock.every(LOOK_MS, () => {
      if (shown.value && hasRecovered(shown.value.signs(), since)) instead.resolve('kept')
    })
    isReplacing = true
    if (!stage.wasLive()) askedAt = clock.now()
    const outcome = await Promise.race([instead.promise, fresh(own.signal)])
    isReplacing = false
    cancelLook()
    if (outcome === 'kept' || 'code' in outcome) {
      // One that takes its place goes on in its element: between the two it may not be gone for a moment.
      coming.value = undefined
      options.signal.removeEventListener('abort', stop)
      own.abort()
    }
    doubted = Promise.withResolvers()
    return outcome
  }

  async function fresh(signal: AbortSignal): Promise<Outcome> {
    try {
      const { onReconnect, isFinal, open = watch } = options
      const session = await openSession((own, onState) => open({ ...options, signal: own, onState }), {
        clock,
        signal,
        isFinal,
        ...(onReconnect ? { onReconnect } : {}),
      })
      const next = viewSession(++ids, session, clock)
      signal.addEventListener('abort', () => next.close(), { once: true })
      if (shown.value) await firstPicture(next)
      return next
    } catch (error) {
      return { code: error instanceof WatchFault ? error.code : 'lost' }
    }
  }

  /** Waits beside the old picture; no longer than that is shown, nor than anybody would. */
  async function firstPicture(next: ViewSession): Promise<void> {
    coming.value = next
    const late = Promise.withResolvers<void>()
    const cancel = clock.after(SWAP_MS, late.resolve)
    const ended = next.ended.then(code => {
      throw new WatchFault(code)
    })
    try {
      await Promise.race([next.firstFrame, late.promise, ending.promise, ended])
    } finally {
      cancel()
    }
    if (next.signs().frameAt === undefined && shown.value?.state() === 'live')
      throw new WatchFault('no_picture')
  }

  function present(session: ViewSession): void {
    stage.show(session)
    ending = Promise.withResolvers()
    isCameraOffline = false
    if (isHiddenLong) session.pause()
    void session.ended.then(code => end(session, code))
    look()
  }

  function end(session: ViewSession, code: string): void {
    if (shown.value !== session) return
    stage.retire(isLast(code) ? 'drop' : 'keep')
    ending.resolve(code)
    look()
  }

  /** Says what happened, and waits until another try makes sense; false when none does. */
  async function mayGoOn(code: string, tries: number): Promise<boolean> {
    ending = Promise.withResolvers()
    fault.value = code
    isCameraOffline = code === 'offline'
    options.onEnd?.(code)
    if (code === 'private') {
      // It comes back by itself when the owner turns the camera on.
      stage.retire('drop')
      isOver = true
      look()
      await options.news()
      isOver = false
      return true
    }
    if (options.isFinal(code) || (tries >= TRIES && !stage.wasLive())) return false
    const ms = tries === 0 && shown.value ? 0 : Math.min(250 * 2 ** tries, stage.wasLive() ? 2000 : 8000)
    nudge = Promise.withResolvers()
    const late = new Promise<void>(resolve => clock.after(ms, resolve))
    await Promise.race([late, options.wake(), nudge.promise])
    return true
  }

  function over(): void {
    stage.retire('drop')
    isOver = true
    look()
    gaveUp.value = true
  }

  function look(): void {
    const now = clock.now()
    const stoodStill = now - lookedAt > LOOK_MS + STOOD_STILL_MS
    lookedAt = now
    const session = shown.value
    if (session && !stoodStill) judge(session, now)
    stage.look()
    const isSilent = !shown.value || now - heardAt(shown.value.signs()) > HEARD_MS
    if (isReplacing && isSilent && now - askedAt > ASK_EVERY_MS) ask()
    state.value = pageState({
      shown: shown.value?.state(),
      isReplacing,
      wasLive: stage.wasLive(),
      isOffline: isCameraOffline || !page.isOnline(),
      isOver,
    })
  }

  function judge(session: ViewSession, now: number): void {
    const { heartbeatAt, confirmedAt = now } = session.signs()
    if (now - (heartbeatAt ?? confirmedAt) > LOST_MS) return end(session, 'lost')
    // Nothing is drawn on a hidden page: a new session could not show itself.
    if (page.isHidden()) return
    // What will be missed before the next look is not noticed later than that.
    const due = probeAt(session.signs()) - now
    if (due > 0 && due < LOOK_MS) clock.after(due + 1, look)
    const doubt = doubtOf(session.signs(), now, caution.mayHurry())
    if (doubt === 'probe') probe(session)
    const isOld = now - confirmedAt > RENEW_MS
    if (!isReplacing && (doubt === 'replace' || isOld))
      doubted.resolve(isOld ? Number.POSITIVE_INFINITY : now)
  }

  function probe(session: ViewSession): void {
    session.probe()
    ask()
    clock.after(probePatience(session.signs()) + 1, look)
  }

  function ask(): void {
    const asked = clock.now()
    askedAt = asked
    const isWanted = (): boolean => !options.signal.aborted && !isOver && !page.isHidden()
    options.doubt?.(() => isWanted() && (!shown.value || heardAt(shown.value.signs()) <= asked))
  }

  function happened(event: PageEvent): void {
    cancelHidden()
    if (page.isHidden()) {
      if (event === 'hidden') cancelHidden = clock.after(HIDDEN_MS, hideLong)
      return
    }
    isHiddenLong = false
    shown.value?.play()
    if (shown.value) probe(shown.value)
    else ask()
    seen.resolve()
    seen = Promise.withResolvers()
    nudge.resolve()
  }
  function hideLong(): void {
    isHiddenLong = true
    shown.value?.pause()
    look()
  }

  const stops = [
    clock.every(LOOK_MS, look),
    page.on(happened),
    options.onReconnect?.(() => {
      askedAt = clock.now() + REACHED_MS
    }),
  ]
  options.signal.addEventListener(
    'abort',
    () => {
      for (const stop of stops) stop?.()
      cancelHidden()
      stage.retire('drop')
      coming.value = undefined
      ending.resolve('stopped')
      seen.resolve()
    },
    { once: true },
  )
  void keepWatching()
  return { shown, coming, last, age, state, fault, gaveUp }
}
