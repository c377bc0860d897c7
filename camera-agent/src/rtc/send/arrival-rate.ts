type Arrival = { at: number; size: number }

const KEPT_MS = 1000
const SHORT_MS = 80
const SHORT_MIN = 6

/** How fast packets arrive, by the receiver's clock. */
export function createArrivalRate() {
  let arrivals: Arrival[] = []

  const span = (from: number): number | undefined => {
    const part = arrivals.slice(from)
    const [first] = part
    const last = part.at(-1)
    if (!first || !last || last.at - first.at < 1) return undefined
    const bytes = part.reduce((sum, { size }) => sum + size, -first.size)
    return (bytes * 8000) / (last.at - first.at)
  }

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
    /** bits per second of the last packets alone: what the link carries, while there is a queue before it */
    latest(): number | undefined {
      const newest = arrivals.at(-1)?.at ?? 0
      let from = arrivals.length - 1
      while (
        from > 0 &&
        (newest - (arrivals[from]?.at ?? 0) < SHORT_MS || arrivals.length - from < SHORT_MIN)
      )
        from--
      return arrivals.length - from < 3 ? undefined : span(Math.max(0, from))
    },
    reset(): void {
      arrivals = []
    },
  }
}
