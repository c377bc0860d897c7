import type { Clip } from './clip.ts'

const CLOCK_HZ = 90_000

/** Hands on one access unit after another in real time; after a delay it catches up at once, as a camera's stream does. */
export function playClip(
  { fps, units }: Clip,
  take: (unit: Buffer, timestamp: number, key: boolean) => void,
): void {
  const begin = performance.now()
  let count = 0
  const run = (): void => {
    while (begin + (count * 1000) / fps <= performance.now()) {
      const unit = units[count % units.length] as Buffer
      take(unit, (count * CLOCK_HZ) / fps, count % units.length === 0)
      count++
    }
    // Whole milliseconds, never too few: a timer that is early would cost one more.
    setTimeout(run, Math.max(0, Math.ceil(begin + (count * 1000) / fps - performance.now())))
  }
  run()
}
