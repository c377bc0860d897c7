const KEPT_MS = 1000
/** What is past is taken off in pieces of this many packets. */
const PIECE = 512

/** How fast packets arrive, by the receiver's clock. */
export function createArrivalRate() {
  /** when, and bytes, in order of time; those before `first` are past */
  let times: number[] = []
  let sizes: number[] = []
  let first = 0

  function forget(newest: number): void {
    while (newest - (times[first] ?? newest) > KEPT_MS) first++
    if (first < PIECE) return
    times = times.slice(first)
    sizes = sizes.slice(first)
    first = 0
  }

  return {
    add(at: number, size: number): void {
      times.push(at)
      sizes.push(size)
      // Reordered packets are few; sorting them in keeps the spans right.
      for (let i = times.length - 1; i > first && (times[i - 1] as number) > at; i--) {
        times[i] = times[i - 1] as number
        sizes[i] = sizes[i - 1] as number
        times[i - 1] = at
        sizes[i - 1] = size
      }
      forget(times.at(-1) ?? at)
    },
    /** bits per second over the last `ms`, pauses and all; undefined before there is enough of it */
    over(ms: number): number | undefined {
      const newest = times.at(-1) ?? 0
      if (newest - (times[first] ?? 0) < ms * 0.5) return undefined
      let from = times.length
      let bytes = 0
      while (from > first && newest - (times[from - 1] as number) <= ms) bytes += sizes[--from] as number
      const window = Math.max(newest - (times[Math.max(first, from - 1)] ?? newest), 1)
      return (bytes * 8000) / window
    },
    reset(): void {
      times = []
      sizes = []
      first = 0
    },
  }
}
