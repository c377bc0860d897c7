import { performance } from 'node:perf_hooks'

/**
 * How much of its one thread the agent uses, and who is served when it is nearly all. In this order, each before the one
 * after it: whoever comes waits its turn, is refused, nobody's link is probed, and the newest viewers get key pictures
 * only. Past that point an agent that takes everybody serves nobody: packets leave late, feedback is read late, and
 * half of the work is for pictures that are thrown away.
 */
export type Load = {
  /** One more viewer. Waits for a moment where that may help; undefined when there is no room. */
  admit(signal?: AbortSignal): Promise<Seat | undefined>
  /** the used part of the thread, 0 to 1 */
  used(): number
  close(): void
}

/** One viewer's part of the agent. */
export type Seat = {
  /** Its way is open: from now on what it costs is to be seen. */
  settled(): void
  mayProbe(): boolean
  /** It is sent key pictures only. */
  isThinned(): boolean
  release(): void
}

export type LoadOptions = {
  /** the used part of the thread since the last call, 0 to 1 */
  usedSince?: () => number
  now?: () => number
  /** Calls `work` every `ms` until what it returns is called. */
  every?: (ms: number, work: () => void) => () => void
}

type Held = { settledAt: number | undefined; thinned: boolean }

const LOOK_MS = 250
/** A single busy moment is no load: the mean of so many looks counts. */
const LOOKS = 2
/** Nor is a single idle moment room: with many at the door one of them would always meet it. */
const ROOM_LOOKS = 8
/** Above this, whoever comes waits and is weighed; below it there is room for everybody. */
const EASY = 0.6
const FULL = 0.9
/** Until viewers are there to learn it from, one more is taken to need this. */
const VIEWER_START = 0.02
const VIEWERS_KNOWN = 5
/** Handshakes at once while there is little room: each is heavier than what follows. */
const COMING_MAX = 4
/** What a viewer costs is to be seen after this time. */
const SETTLING_MS = 500
const NEVER_SETTLED_MS = 15_000
const WAIT_MS = 4000
/** So few are never turned away, whatever else keeps the machine busy; and fewer still are not thinned. */
const ALWAYS = 8
const LEAST_WHOLE = 2
const OVER = 0.985
const RELIEVED = 0.92
/** Looks in a row, before one more viewer is thinned or made whole. */
const PATIENCE = 6

export function createLoad(options: LoadOptions = {}): Load {
  const { usedSince = eventLoopMeter(), now = () => performance.now(), every = unrefInterval } = options
  const seats = new Set<Held>()
  const waiting = new Set<() => void>()
  let looks: number[] = []
  let over = 0
  let relieved = 0
  let stop: (() => void) | undefined

  const used = (): number => mean(looks.slice(-LOOKS))
  const usedOfLate = (): number => Math.max(used(), mean(looks))
  const isComing = ({ settledAt }: Held): boolean =>
    settledAt === undefined || now() - settledAt < SETTLING_MS

  /** What one viewer needs, as far as that is known. */
  function perViewer(settled: number): number {
    return settled < VIEWERS_KNOWN ? VIEWER_START : usedOfLate() / settled
  }
  function hasRoom(): boolean {
    if (seats.size < ALWAYS) return true
    if ([...seats].some(({ thinned }) => thinned)) return false
    const coming = [...seats].filter(isComing).length
    const need = perViewer(seats.size - coming)
    const after = usedOfLate() + (coming + 1) * need
    return after <= EASY || (coming < COMING_MAX && after <= FULL)
  }

  function look(): void {
    looks.push(Math.min(1, usedSince()))
    if (looks.length > ROOM_LOOKS) looks.shift()
    const isOver = used() > OVER
    over = isOver ? over + 1 : 0
    relieved = mean(looks) < RELIEVED ? relieved + 1 : 0
    if (over >= PATIENCE) thin()
    if (relieved >= PATIENCE) restore()
    for (const wake of [...waiting]) wake()
    if (seats.size === 0 && waiting.size === 0) rest()
  }
  /** The newest that is whole. */
  function thin(): void {
    over = 0
    const whole = [...seats].filter(({ thinned }) => !thinned)
    const newest = whole.at(-1)
    if (newest && whole.length > LEAST_WHOLE) newest.thinned = true
  }
  function restore(): void {
    relieved = 0
    const oldest = [...seats].find(({ thinned }) => thinned)
    if (oldest) oldest.thinned = false
  }
  function watch(): void {
    if (stop) return
    usedSince()
    stop = every(LOOK_MS, look)
  }
  function rest(): void {
    stop?.()
    stop = undefined
    looks = []
    over = 0
    relieved = 0
  }

  function take(): Seat {
    const held: Held = { settledAt: undefined, thinned: false }
    const settle = (): void => {
      held.settledAt ??= now()
    }
    seats.add(held)
    // Whoever never comes is not waited for.
    const late = setTimeout(settle, NEVER_SETTLED_MS)
    late.unref()
    return {
      settled: settle,
      mayProbe: () => used() < FULL,
      isThinned: () => held.thinned,
      release: () => {
        clearTimeout(late)
        seats.delete(held)
      },
    }
  }

  async function admit(signal?: AbortSignal): Promise<Seat | undefined> {
    watch()
    if ((waiting.size === 0 || seats.size < ALWAYS) && hasRoom()) return take()
    const until = now() + WAIT_MS
    for (;;) {
      await new Promise<void>(resolve => {
        const wake = (): void => {
          waiting.delete(wake)
          resolve()
        }
        waiting.add(wake)
      })
      if (signal?.aborted) return undefined
      if (hasRoom()) return take()
      if (now() >= until) return undefined
    }
  }

  return { admit, used, close: rest }
}

const mean = (parts: readonly number[]): number =>
  parts.reduce((sum, part) => sum + part, 0) / Math.max(1, parts.length)

/** The part of the time in which the event loop did not wait for anything. */
function eventLoopMeter(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const before = last
    last = performance.eventLoopUtilization()
    return performance.eventLoopUtilization(last, before).utilization
  }
}

function unrefInterval(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms)
  timer.unref()
  return () => clearInterval(timer)
}
