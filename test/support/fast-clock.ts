import { createRequire, syncBuiltinESMExports } from 'node:module'

/** Timers this long or longer follow the clock; shorter ones belong to work in flight, which goes at the world's pace. */
const LONG_MS = 3500

export type FastClock = {
  /** Lets so many ms pass at once: what is due by then is called soon, in the order of its time. */
  advance(ms: number): void
  /** ms it is ahead of the machine's */
  ahead(): number
}

const real = { setTimeout, clearTimeout, date: Date, now: performance.now.bind(performance) }
const waiting = new Set<LongTimer>()
let ahead = 0
const now = (): number => real.now() + ahead

/** Stands in for Node's own timer, whose time cannot be changed once it runs. */
class LongTimer {
  #timer: NodeJS.Timeout | undefined
  #due = 0
  #isRef = true
  readonly #call: () => void
  readonly #ms: number
  readonly #repeats: boolean
  constructor(call: () => void, ms: number, repeats: boolean) {
    this.#call = call
    this.#ms = ms
    this.#repeats = repeats
    this.refresh()
  }
  get due(): number {
    return this.#due
  }
  refresh(): this {
    this.#due = now() + this.#ms
    waiting.add(this)
    return this.arm()
  }
  arm(): this {
    this.#disarm()
    this.#timer = real.setTimeout(() => this.#fire(), Math.max(0, this.#due - now()))
    if (!this.#isRef) this.#timer.unref()
    return this
  }
  #fire(): void {
    if (this.#repeats) this.refresh()
    else waiting.delete(this)
    this.#call()
  }
  close(): this {
    waiting.delete(this)
    this.#disarm()
    return this
  }
  #disarm(): void {
    // Node keeps the list of an unreferenced timer's duration until that has passed: here they are all different.
    real.clearTimeout(this.#timer?.ref())
  }
  ref(): this {
    this.#isRef = true
    this.#timer?.ref()
    return this
  }
  unref(): this {
    this.#isRef = false
    this.#timer?.unref()
    return this
  }
  hasRef(): boolean {
    return this.#isRef
  }
  [Symbol.dispose](): void {
    this.close()
  }
}

const make = <F extends (...values: never[]) => unknown>(original: F, repeats: boolean): F =>
  new Proxy(original, {
    apply(target, self, [call, ms, ...values]: [(...values: unknown[]) => void, number, ...unknown[]]) {
      if (!(ms >= LONG_MS)) return Reflect.apply(target, self, [call, ms, ...values])
      return new LongTimer(() => call(...values), ms, repeats)
    },
  })

const clear = <F extends (...values: never[]) => unknown>(original: F): F =>
  new Proxy(original, {
    apply: (target, self, [timer]: [unknown]) =>
      timer instanceof LongTimer ? void timer.close() : Reflect.apply(target, self, [timer]),
  })

function replaceTimers(): void {
  const made = {
    setTimeout: make(setTimeout, false),
    setInterval: make(setInterval, true),
    clearTimeout: clear(clearTimeout),
    clearInterval: clear(clearInterval),
  }
  Object.assign(globalThis, made)
  // Some libraries take theirs from the module.
  Object.assign(createRequire(import.meta.url)('node:timers'), made)
  syncBuiltinESMExports()
}

function replaceDate(): void {
  const shifted = (): number => Math.floor(real.date.now() + ahead)
  globalThis.Date = new Proxy(real.date, {
    construct: (target, values: unknown[]) =>
      Reflect.construct(target, values.length > 0 ? values : [shifted()]),
    get: (target, name) => (name === 'now' ? shifted : Reflect.get(target, name)),
  })
}

/**
 * From now on this process's clocks, `Date` and `performance.now()`, and its long timers can be advanced together: hours
 * of expiries, renewals and rotations pass in minutes, while sockets and short timers work as they do. To the program an
 * advance is a moment in which it was not run.
 */
export function installFastClock(): FastClock {
  replaceDate()
  performance.now = now
  replaceTimers()
  return {
    ahead: () => ahead,
    advance(ms) {
      ahead += ms
      for (const timer of [...waiting].sort((one, other) => one.due - other.due)) timer.arm()
    },
  }
}

/** Only what a program says the date is, for one that waits for others. */
export function installFastDate(): FastClock {
  replaceDate()
  return {
    ahead: () => ahead,
    advance: ms => {
      ahead += ms
    },
  }
}
