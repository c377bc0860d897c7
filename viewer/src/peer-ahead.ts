import type { Clock } from './clock.ts'
import type { PageEvents } from './page-events.ts'
import type { Servers } from './rtc/gather.ts'
import type { Peer } from './rtc/peer.ts'

/**
 * A peer and its offer, made while a finger or a pointer is on a tile: a tap that finds no session ready need not wait for
 * addresses. Nothing of it leaves the page before the tap, which signs the offer with what is true then.
 */
export type PeerAhead = {
  /** A person is about to tap, perhaps. */
  touch(): void
  /** The peer of one session: the one made ahead where it fits, else a new one. */
  peer(signal: AbortSignal): Promise<Peer>
  /** Ends the one that waits. */
  letGo(): void
}

export type PeerAheadOptions = {
  make(signal: AbortSignal): Promise<Peer>
  servers(): Servers
  clock: Clock
  page: Pick<PageEvents, 'isHidden' | 'on'>
  /** the end of the account in this page */
  signal: AbortSignal
}

type Ahead = { peer: Promise<Peer>; servers: string; own: AbortController; cancel: () => void }

/** Who has not tapped by then did not mean to, and no port of a router is kept open for it. */
const KEEP_MS = 5000

export function openPeerAhead({ make, servers, clock, page, signal }: PeerAheadOptions): PeerAhead {
  let ahead: Ahead | undefined
  const asked = (): string => JSON.stringify(servers())

  function letGo(): void {
    ahead?.cancel()
    ahead?.own.abort()
    ahead = undefined
  }

  // What was gathered before may name an address that is gone; and nobody taps on a page that is hidden.
  const stop = page.on(letGo)
  signal.addEventListener(
    'abort',
    () => {
      stop()
      letGo()
    },
    { once: true },
  )

  return {
    letGo,
    touch() {
      // Who hides this address has no way but a relay, and none is kept busy for a finger that passes.
      if (ahead || signal.aborted || page.isHidden() || servers().relayOnly) return
      const own = new AbortController()
      const mine: Ahead = {
        peer: make(own.signal),
        servers: asked(),
        own,
        cancel: clock.after(KEEP_MS, letGo),
      }
      ahead = mine
      mine.peer.catch(() => {
        if (ahead === mine) letGo()
      })
    },
    async peer(signal) {
      if (ahead?.servers !== asked()) letGo()
      const mine = ahead
      if (!mine || signal.aborted) return make(signal)
      ahead = undefined
      mine.cancel()
      signal.addEventListener('abort', () => mine.own.abort(), { once: true })
      return mine.peer
    },
  }
}
