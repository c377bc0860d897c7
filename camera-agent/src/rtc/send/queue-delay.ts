const BUCKET_MS = 2000
const BUCKETS = 6
const RECENT_MS = 120
const RECENT_MIN = 3

type Sample = { at: number; delay: number; size: number }

/**
 * How long a packet waits in the path's queue at present: its one-way delay over the least one of the last ten
 * seconds. Only differences are used, so the two clocks need not agree; their drift in that time is under a
 * millisecond. The least of a few packets stands for all of them, so that jitter is not taken for a queue.
 */
export function createQueueDelay() {
  let buckets: Sample[] = []
  let recent: Sample[] = []

  return {
    add(sentAt: number, receivedAt: number, size: number): void {
      const sample = { at: receivedAt, delay: receivedAt - sentAt, size }
      recent.push(sample)
      while (recent.length > RECENT_MIN && receivedAt - (recent[0]?.at ?? 0) > RECENT_MS) recent.shift()
      const last = buckets.at(-1)
      if (!last || receivedAt - last.at > BUCKET_MS) buckets.push(sample)
      else if (sample.delay < last.delay) buckets[buckets.length - 1] = { ...sample, at: last.at }
      if (buckets.length > BUCKETS) buckets.shift()
    },
    /** In ms. On a slow link a large packet takes longer by itself: `bps` is what the link is thought to carry. */
    ms(bps: number): number {
      if (recent.length === 0) return 0
      let base = buckets[0] as Sample
      for (const bucket of buckets) if (bucket.delay < base.delay) base = bucket
      let least = Number.POSITIVE_INFINITY
      for (const { delay, size } of recent) {
        const longer = (Math.max(0, size - base.size) * 8000) / bps
        least = Math.min(least, delay - base.delay - longer)
      }
      return Math.max(0, least)
    },
    reset(): void {
      buckets = []
      recent = []
    },
  }
}
