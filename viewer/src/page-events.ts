/** What a page is told of itself and its network; tests bring their own. */
export type PageEvent = 'hidden' | 'visible' | 'network' | 'wake'
export type PageEvents = {
  isHidden(): boolean
  isOnline(): boolean
  /** Calls until the returned function is called. */
  on(handler: (event: PageEvent) => void): () => void
}

export type PersonEvents = {
  /** Calls at each sign of a person: a pointer, a key. */
  onPerson(handler: () => void): () => void
  /** The person has asked that the network be spared. */
  savesData(): boolean
}

const TICK_MS = 1000
/** A timer of one second that comes this late: the machine slept. */
const SLEPT_MS = 4000

/** Where the browser says so: what kind of network it is, and whether its person wants it spared. */
const network = (): (EventTarget & { saveData?: boolean }) | undefined =>
  (navigator as { connection?: EventTarget & { saveData?: boolean } }).connection

export const pageEvents: PageEvents & PersonEvents = {
  // A picture in a window of its own is seen, whatever became of its page.
  isHidden: () => document.visibilityState === 'hidden' && !document.pictureInPictureElement,
  isOnline: () => navigator.onLine,
  savesData: () => network()?.saveData === true,
  onPerson(handler) {
    const stop = new AbortController()
    for (const name of ['pointerdown', 'pointermove', 'keydown'])
      addEventListener(name, handler, { signal: stop.signal, passive: true })
    return () => stop.abort()
  },
  on(handler) {
    const stop = new AbortController()
    const { signal } = stop
    const changed = () => handler('network')
    const seen = () => handler(pageEvents.isHidden() ? 'hidden' : 'visible')
    document.addEventListener('visibilitychange', seen, { signal })
    addEventListener('online', changed, { signal })
    addEventListener('offline', changed, { signal })
    // Not in every browser: the kind of network, or its speed, has changed.
    network()?.addEventListener('change', changed, { signal })
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
