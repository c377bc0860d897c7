/** Token buckets, one per key. Memory is bounded: what is full again is forgotten first, then the longest untouched. */
export type RateLimit = {
  /** True when allowed. */
  take(key: string): boolean
  /** Seconds until the next try is allowed. */
  wait(key: string): number
  readonly size: number
}

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

  const makeRoom = (at: number): void => {
    for (const [key, bucket] of buckets) if (tokens(bucket, at) >= burst) buckets.delete(key)
    for (const key of buckets.keys()) {
      if (buckets.size < maxKeys) break
      buckets.delete(key)
    }
  }
  return {
    take(key) {
      const at = now()
      const bucket = buckets.get(key)
      if (!bucket && buckets.size >= maxKeys) makeRoom(at)
      const left = tokens(bucket, at)
      const allowed = left >= 1
      buckets.delete(key)
      buckets.set(key, { tokens: allowed ? left - 1 : left, at })
      return allowed
    },
    wait: key => Math.max(1, Math.ceil(((1 - tokens(buckets.get(key), now())) * 60) / perMinute - 1e-9)),
    get size() {
      return buckets.size
    },
  }
}
