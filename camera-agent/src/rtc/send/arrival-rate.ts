type Arrival = { at: number; size: number }

const KEPT_MS = 1000

/** How fast packets arrive, by the receiver's clock. */
export function createArrivalRate() {
  let arrivals: Arrival[] = []

  return {
    add(at: number, size: number): void {
      // Reordered packets are few; sorting them in keeps the spans right.
      let i = arrivals.length
      while (i > 0 && (arrivals[i - 1]?.at ?? 0) > at) i--
      arrivals.splice(i, 0, { at, size })
      const newest = arrivals.at(-1)?.at ?? at
      let old = 0
      while (newest - (arrivals[old]?.at ?? newest) > KEPT_MS) old++
      arrivals.splice(0, old)
    },
    /** bits per second over the last `ms`, pauses and all; undefined before there is enough of it */
    over(ms: number): number | undefined {
      const newest = arrivals.at(-1)?.at ?? 0
      if (newest - (arrivals[0]?.at ?? 0) < ms * 0.5) return undefined
      const from = arrivals.findIndex(({ at }) => newest - at <= ms)
      const window = Math.max(newest - (arrivals[Math.max(0, from - 1)]?.at ?? newest), 1)
      const bytes = arrivals.slice(from).reduce((sum, { size }) => sum + size, 0)
      return (bytes * 8000) / window
    },
    reset(): void {
      arrivals = []
    },
  }
}
