/** Time as the sending side sees it, in ms from any origin; a test gives its own. */
export type Clock = {
  now(): number
  /** Calls `work` once, `ms` from now; returns the way to call it off. */
  after(ms: number, work: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  },
}
