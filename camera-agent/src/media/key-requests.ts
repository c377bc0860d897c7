import type { Encoding } from './media-frame.ts'

const INTERVAL_MS = 500

/**
 * Requests for key frames, at most two a second for each encoding however many viewers ask (a viewer under loss asks
 * for every lost picture). One that comes too early is kept, and forgotten if a key frame comes meanwhile.
 */
export function createKeyRequests(ask: (encoding: Encoding) => void, now = () => performance.now()) {
  const asked = new Map<string, number>()
  const kept = new Map<string, NodeJS.Timeout>()
  const nameOf = ({ codec, tier }: Encoding) => `${codec} ${tier}`
  const met = (encoding: Encoding) => {
    clearTimeout(kept.get(nameOf(encoding)))
    kept.delete(nameOf(encoding))
  }
  const pass = (encoding: Encoding) => {
    met(encoding)
    asked.set(nameOf(encoding), now())
    ask(encoding)
  }
  return {
    request: ({ codec, tier }: Encoding) => {
      const encoding = { codec, tier }
      const name = nameOf(encoding)
      if (kept.has(name)) return
      const wait = (asked.get(name) ?? Number.NEGATIVE_INFINITY) + INTERVAL_MS - now()
      if (wait <= 0) pass(encoding)
      else kept.set(name, setTimeout(pass, wait, encoding))
    },
    /** A key frame of this encoding has come. */
    met,
    close: () => {
      for (const timer of kept.values()) clearTimeout(timer)
      kept.clear()
    },
  }
}
