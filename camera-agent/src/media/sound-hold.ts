import type { SoundFrame } from './sound.ts'

/** Sound waits no longer than this for its picture: who is asked something wants to hear it. */
const MOST_MS = 600
/** A browser keeps sound about so much longer than pictures before it plays them, ms; that need not be waited for here. */
const BROWSER_MS = 20
/** Sooner than this is now. */
const LEAST_MS = 2

/**
 * Holds one listener's sound back, in order, so that it is played with its pictures. Browsers move the two together by
 * themselves, but in steps of some 15 ms a second, and not the last 30; and where sound is late they hold back pictures.
 */
export function createSoundHold(onSound: (frame: SoundFrame) => void) {
  const held: { frame: SoundFrame; due: number }[] = []
  let timer: NodeJS.Timeout | undefined

  const release = () => {
    timer = undefined
    for (let next = held[0]; next; next = held[0]) {
      const wait = next.due - performance.now()
      if (wait > LEAST_MS) {
        timer = setTimeout(release, wait)
        return
      }
      held.shift()
      onSound(next.frame)
    }
  }
  return {
    /** @param due when its picture leaves, by performance.now; undefined when that is not known */
    take(frame: SoundFrame, due: number | undefined): void {
      const now = performance.now()
      held.push({ frame, due: Math.min((due ?? now) - BROWSER_MS, now + MOST_MS) })
      if (!timer) release()
    },
    /** What is held goes nowhere. */
    clear(): void {
      clearTimeout(timer)
      timer = undefined
      held.length = 0
    },
  }
}
