/** The newest `max` of what was set; what is older is forgotten. */
export type Recent<T> = { get(key: string): T | undefined; set(key: string, value: T): void }

export function createRecent<T>(max: number): Recent<T> {
  const kept = new Map<string, T>()
  return {
    get: key => kept.get(key),
    set(key, value) {
      kept.delete(key)
      kept.set(key, value)
      const [oldest] = kept.keys()
      if (kept.size > max && oldest !== undefined) kept.delete(oldest)
    },
  }
}
