const LEAST_MS = 2000
const MOST_MS = 6000

/** Bits per second of a stream over whole groups of pictures, so that its key frames count for what they are. */
export function createRateMeter(now: () => number = () => performance.now()) {
  let rate: number | undefined
  let start: number | undefined
  let bytes = 0
  return {
    rate: () => rate,
    /** Counts one access unit; true when the rate has been worked out anew. */
    add: (size: number, key: boolean): boolean => {
      const time = now()
      const elapsed = time - (start ?? time)
      const done = elapsed >= (key ? LEAST_MS : MOST_MS)
      if (done) rate = Math.round((bytes * 8000) / elapsed)
      if (done || start === undefined) {
        start = time
        bytes = 0
      }
      bytes += size
      return done
    },
    reset: () => {
      rate = undefined
      start = undefined
      bytes = 0
    },
  }
}
