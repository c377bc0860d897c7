const TICKS_PER_MS = 90
/** Over how long lateness is averaged, ms. A browser takes sound that moves for sound that is late now and then, and waits. */
const AVERAGE_MS = 15_000
/** So far from the average, ms, the pictures have begun anew. */
const JUMP_MS = 1000

/**
 * How late the pictures of one encoding come, each against its own time: the demuxer knows that a picture is whole when
 * the next begins, and what is decoded, put in order and encoded once more comes later still. Sound has none of that.
 */
export function createPictureLag(now: () => number = () => performance.now()) {
  let lag: number | undefined
  let before = 0
  let pictures = 0
  return {
    /** A picture has come that lies at `at`, 90 kHz, on its source's line. */
    add(at: number): void {
      const late = now() - at / TICKS_PER_MS
      if (lag === undefined || Math.abs(late - lag) > JUMP_MS) pictures = 0
      const weight = Math.max(1 / ++pictures, 1 - Math.exp((before - now()) / AVERAGE_MS))
      before = now()
      lag = (lag ?? 0) + weight * (late - (lag ?? 0))
    },
    /** When a picture that lies at `at` comes, by `now`; undefined before the first. */
    due: (at: number): number | undefined => (lag === undefined ? undefined : at / TICKS_PER_MS + lag),
    reset(): void {
      lag = undefined
    },
  }
}
