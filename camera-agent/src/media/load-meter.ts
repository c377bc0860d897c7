const WINDOW_MS = 2000
/** Beyond this share of the time, pictures are late or left out. */
const FULL = 0.95

/**
 * Watches how much of the time goes into decoding and encoding; calls `onBehind` when there was hardly any left in two
 * windows in succession, and at the end of each such window after that.
 */
export function createLoadMeter(onBehind: () => void, now: () => number = () => performance.now()) {
  let start = now()
  let busy = 0
  let full = 0
  return async <T>(work: () => Promise<T>): Promise<T> => {
    const begun = now()
    try {
      return await work()
    } finally {
      const end = now()
      busy += end - begun
      if (end - start >= WINDOW_MS) {
        full = busy / (end - start) > FULL ? full + 1 : 0
        if (full > 1) onBehind()
        start = end
        busy = 0
      }
    }
  }
}
