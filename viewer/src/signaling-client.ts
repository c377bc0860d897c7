import {
  type Delivery,
  deliveries,
  type Presence,
  presence,
  type Reply,
  type Request,
  replies,
} from '@ownsight/protocol/events'
import type { KeyPair } from '@ownsight/protocol/ids'
import * as v from 'valibot'
import { type Link, openLink } from './signaling-link.ts'

export type Connection = 'connecting' | 'online' | 'offline' | { refused: string }

export type SignalingClient = {
  request<K extends Exclude<keyof typeof replies, 'bind' | 'publish'>>(
    kind: K,
    request: Request<K>,
  ): Promise<Reply<K>>
  /** Answers messages of a second device until the returned function is called; the last to ask for them gets them. */
  onJoin(answer: (delivery: Delivery<'join'>) => Promise<Reply<'join'>>): () => void
  /**
   * A live view fears that the connection is dead: a socket dies silently when the address changes. Asks the server for
   * a reply; while none comes, another connection is made beside it, and whichever answers first is used.
   */
  doubt(cam: string): void
  /** Calls whenever there is a connection again after a break, or another one. */
  onReconnect(handler: () => void): () => void
  close(): void
}

const REPLY_MS = 16_000
/** How long a reply may take before another connection is tried beside this one: three round trips and a little. */
const replyPatience = (rtt: number | undefined): number =>
  rtt === undefined ? 1000 : Math.min(3000, Math.max(250, 3 * rtt + 100))
/** A second connection that is still not there after this long is tried anew: connecting takes five round trips. */
const standbyPatience = (rtt = 300): number => Math.min(4000, Math.max(1000, 10 * rtt))

/** One authenticated connection that comes back by itself. What it delivers is opened by whoever asked, never here. */
export function connectSignaling(options: {
  auth: KeyPair
  onConnection: (state: Connection) => void
  onPresence: (presence: Presence) => void
}): SignalingClient {
  let joinAnswer: ((delivery: Delivery<'join'>) => Promise<Reply<'join'>>) | undefined
  let ready = Promise.withResolvers<void>()
  let isReady = false
  let wasReady = false
  let rtt: number | undefined
  let standby: { link: Link; since: number } | undefined
  let isAsking = false
  const reconnected = new Set<() => void>()
  let current = open()

  function open(): Link {
    const link: Link = openLink(options.auth, {
      ready(took) {
        measure(took)
        use(link)
      },
      lost: () => link === current && lose(),
      refused: reason => link === current && options.onConnection(reason ? { refused: reason } : 'offline'),
      presence(received) {
        const parsed = v.safeParse(presence, received)
        if (parsed.success) options.onPresence(parsed.output)
      },
      async join(received, ack) {
        const parsed = v.safeParse(deliveries.join, received)
        // A page that was left shows no code any more.
        ack(parsed.success && joinAnswer ? await joinAnswer(parsed.output) : { refused: 'no_rendezvous' })
      },
    })
    return link
  }

  function lose(): void {
    if (isReady) ready = Promise.withResolvers()
    isReady = false
    options.onConnection('offline')
  }

  /** The first that has proved itself is the one; the other is closed. */
  function use(link: Link): void {
    const other = link === current ? standby?.link : current
    standby = undefined
    current = link
    isReady = true
    // What was asked over the other is answered with an error at once, and asked again over this one.
    other?.close()
    options.onConnection('online')
    ready.resolve()
    if (wasReady) for (const handler of [...reconnected]) handler()
    wasReady = true
  }

  function measure(took: number): void {
    rtt = rtt === undefined ? took : rtt + (took - rtt) / 4
  }

  async function ask(link: Link, cam: string): Promise<void> {
    isAsking = true
    const asked = performance.now()
    const late = setTimeout(another, replyPatience(rtt))
    try {
      await link.emit('beacon', { cam }, REPLY_MS)
      measure(performance.now() - asked)
      if (link === current) dropStandby()
    } catch {
      // closed, by the other's success or by this page
    } finally {
      clearTimeout(late)
      isAsking = false
    }
  }

  function another(): void {
    const isFresh = standby && performance.now() - standby.since < standbyPatience(rtt)
    if (isFresh) return
    dropStandby()
    standby = { link: open(), since: performance.now() }
  }
  function dropStandby(): void {
    standby?.link.close()
    standby = undefined
  }

  return {
    async request(kind, request) {
      const timeout = new Promise<never>((_, reject) =>
        setTimeout(() => reject(new Error('no reply')), REPLY_MS),
      )
      try {
        await Promise.race([ready.promise, timeout])
        const parsed = v.safeParse(replies[kind], await current.emit(kind, request, REPLY_MS))
        return (parsed.success ? parsed.output : { hint: 'no_reply' }) as never
      } catch {
        return { hint: 'no_reply' } as never
      }
    },
    onJoin(answer) {
      joinAnswer = answer
      return () => {
        if (joinAnswer === answer) joinAnswer = undefined
      }
    },
    doubt(cam) {
      if (!isReady || isAsking) another()
      else void ask(current, cam)
    },
    onReconnect(handler) {
      reconnected.add(handler)
      return () => void reconnected.delete(handler)
    },
    close() {
      dropStandby()
      current.close()
    },
  }
}
