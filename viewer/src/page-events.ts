/** What a page is told of itself and its network; tests bring their own. */
export type PageEvent = 'hidden' | 'visible' | 'network' | 'wake'
export type PageEvents = {
  isHidden(): boolean
  isOnline(): boolean
  /** Calls until the returned function is called. */
  on(handler: (event: PageEvent) => void): () => void
}

const TICK_MS = 1000
/** A timer of one second that comes this late: the machine slept. */
const SLEPT_MS = 4000

export const pageEvents: PageEvents = {
  // A picture in a window of its own is seen, whatever became of its page.
  isHidden: () => document.visibilityState === 'hidden' && !document.pictureInPictureElement,
  isOnline: () => navigator.onLine,
  on(handler) {
    const stop = new AbortController()
    const { signal } = stop
    const network = () => handler('network')
    const seen = () => handler(pageEvents.isHidden() ? 'hidden' : 'visible')
    document.addEventListener('visibilitychange', seen, { signal })
    addEventListener('online', network, { signal })
    addEventListener('offline', network, { signal })
    // Not in every browser: the kind of network, or its speed, has changed.
    const { connection } = navigator as { connection?: EventTarget }
    connection?.addEventListener('change', network, { signal })
    // By the wall clock: a monotonic one may stand still while the machine sleeps.
    let last = Date.now()
    const timer = setInterval(() => {
      const now = Date.now()
      if (now - last > TICK_MS + SLEPT_MS) handler('wake')
      last = now
    }, TICK_MS)
    return () => {
      stop.abort()
      clearInterval(timer)
    }
  },
}
