/** Token buckets, one per key. Memory is bounded: what is full again is forgotten, and beyond `maxKeys` the longest untouched. */
export type RateLimit = {
  /** True when allowed. */
  take(key: string): boolean
  /** Seconds until the next try is allowed. */
  wait(key: string): number
  readonly size: number
}

/** More than one, so that fewer and fewer are left. */
const LOOKS = 3

export function rateLimit(options: {
  burst: number
  perMinute: number
  maxKeys?: number
  /** ms, monotonic */
  now?: () => number
}): RateLimit {
  const { burst, perMinute, maxKeys = 20_000, now = () => performance.now() } = options
  const buckets = new Map<string, { tokens: number; at: number }>()
  const tokens = (bucket: { tokens: number; at: number } | undefined, at: number): number =>
    bucket ? Math.min(burst, bucket.tokens + ((at - bucket.at) / 60_000) * perMinute) : burst

  let round = buckets.entries()
  /** Looks at a few with each try: to look at all of them at once would be the work of a flood. */
  const forget = (at: number): void => {
    for (let i = 0; i < LOOKS; i++) {
      const { value, done } = round.next()
      if (done) round = buckets.entries()
      else if (tokens(value[1], at) >= burst) buckets.delete(value[0])
    }
    for (const key of buckets.keys()) {
      if (buckets.size <= maxKeys) break
      buckets.delete(key)
    }
  }
  return {
    take(key) {
      const at = now()
      const bucket = buckets.get(key)
      const left = tokens(bucket, at)
      const allowed = left >= 1
      buckets.delete(key)
      buckets.set(key, { tokens: allowed ? left - 1 : left, at })
      forget(at)
      return allowed
    },
    wait: key => Math.max(1, Math.ceil(((1 - tokens(buckets.get(key), now())) * 60) / perMinute - 1e-9)),
    get size() {
      return buckets.size
    },
  }
}
