import type { Clock } from './clock.ts'

const EVERY_MS = 400

/**
 * PLI, FIR and our own wishes as one: the first asks at once, those of the next `everyMs` are remembered and ask once
 * when it is over. A key frame that comes anyway meets the wish.
 */
export function createKeyframeLimiter(clock: Clock, ask: () => void, everyMs: number = EVERY_MS) {
  let askedAt = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | undefined

  function now(): void {
    cancel = undefined
    askedAt = clock.now()
    ask()
  }
  function met(): void {
    cancel?.()
    cancel = undefined
  }
  return {
    request(): void {
      if (cancel) return
      const wait = askedAt + everyMs - clock.now()
      if (wait <= 0) now()
      else cancel = clock.after(wait, now)
    },
    met,
    close: met,
  }
}
