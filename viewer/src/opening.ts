import type { ViewerState } from '@ownsight/protocol/session-state'
import type { Clock } from './clock.ts'
import { HEDGE_MS, RACE_ATTEMPTS } from './deadlines.ts'
import { WatchFault } from './failures.ts'
import type { LiveSession } from './watch.ts'

/** One whole attempt at a session: its own peer, certificate, sid and envelope. */
export type Attempt = (signal: AbortSignal, onState: (state: ViewerState) => void) => Promise<LiveSession>

export type OpeningOptions = {
  clock: Clock
  signal: AbortSignal
  isFinal: (code: string) => boolean
  /** Calls whenever signaling is there again after it was not: what was offered before may name a lost address. */
  onReconnect?: (handler: () => void) => () => void
}

type Runner = { own: AbortController; since: number; state: ViewerState; cancelHedge: () => void }

/** Addresses gathered no longer ago than this are taken to be of the network that is there now. */
const FRESH_MS = 700
/** Until the camera's answer has verified nothing is lost by starting over. */
const BEFORE_ANSWER: readonly ViewerState[] = ['idle', 'beacon', 'gathering', 'offered']

/**
 * One opening: an attempt, and a second one beside it when the first has an answer and still no confirm after
 * HEDGE_MS. The first that is confirmed wins, the other is closed; the two share nothing. Rejects with the fault of the
 * last attempt that failed.
 */
export function openSession(attempt: Attempt, options: OpeningOptions): Promise<LiveSession> {
  const { clock, signal, isFinal } = options
  const done = Promise.withResolvers<LiveSession>()
  const runners = new Set<Runner>()
  let started = 0
  let isDone = false

  function start(): void {
    const runner: Runner = {
      own: new AbortController(),
      since: clock.now(),
      state: 'idle',
      cancelHedge: () => undefined,
    }
    started++
    runners.add(runner)
    attempt(runner.own.signal, state => enter(runner, state)).then(
      session => won(runner, session),
      fault => lost(runner, fault),
    )
  }

  function enter(runner: Runner, state: ViewerState): void {
    runner.state = state
    if (state === 'connecting') runner.cancelHedge = clock.after(HEDGE_MS, hedge)
    if (state === 'live') runner.cancelHedge()
  }

  function hedge(): void {
    if (!isDone && runners.size === 1 && started < RACE_ATTEMPTS) start()
  }

  function won(runner: Runner, session: LiveSession): void {
    if (isDone || !runners.delete(runner)) return leave(session)
    signal.addEventListener('abort', () => runner.own.abort(), { once: true })
    finish(() => done.resolve(session))
  }

  function lost(runner: Runner, fault: unknown): void {
    runner.cancelHedge()
    if (!runners.delete(runner) || isDone) return
    const isLast = runners.size === 0 || (fault instanceof WatchFault && isFinal(fault.code))
    if (isLast) finish(() => done.reject(fault))
    // The one that is left is the hedge, and may need one of its own.
    else hedge()
  }

  function restart(): void {
    const isStale = ({ state, since }: Runner): boolean =>
      BEFORE_ANSWER.includes(state) && clock.now() - since > FRESH_MS
    const early = [...runners].filter(isStale)
    if (early.length === 0) return
    for (const runner of early) drop(runner)
    if (runners.size < 2) start()
  }

  function drop(runner: Runner): void {
    runners.delete(runner)
    runner.cancelHedge()
    runner.own.abort()
  }

  function finish(settle: () => void): void {
    isDone = true
    unlisten?.()
    signal.removeEventListener('abort', stop)
    for (const runner of [...runners]) drop(runner)
    settle()
  }

  const stop = () => finish(() => done.reject(new WatchFault('stopped')))
  const unlisten = options.onReconnect?.(restart)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  else start()
  return done.promise
}

/** Ends a session that nobody is shown: the camera is told, so that it need not find out. */
export function leave(session: LiveSession): void {
  session.peer.send(JSON.stringify({ t: 'bye' }))
  session.peer.close()
}
