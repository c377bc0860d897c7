import type { Clock } from '../../../viewer/src/clock.ts'

type Timer = { at: number; every: number | undefined; run: () => void }
export type FakeClock = Clock & {
  /** Lets this much time pass, timer by timer, with everything that each of them sets going. */
  pass(ms: number): Promise<void>
}

export const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

export function fakeClock(): FakeClock {
  let now = 1000
  const timers = new Set<Timer>()
  const add = (timer: Timer) => {
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  const next = (end: number): Timer | undefined =>
    [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
  return {
    now: () => now,
    after: (ms, run) => add({ at: now + ms, every: undefined, run }),
    every: (ms, run) => add({ at: now + ms, every: ms, run }),
    async pass(ms) {
      const end = now + ms
      await settle()
      for (let timer = next(end); timer; timer = next(end)) {
        now = timer.at
        if (timer.every === undefined) timers.delete(timer)
        else timer.at += timer.every
        timer.run()
        await settle()
      }
      now = end
    },
  }
}
