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
import { type Link, type LinkEvents, openLink } from './signaling-link.ts'

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
   * a reply; where none comes and `isStill`, another connection is made beside it, and whichever answers first is used.
   */
  doubt(cam: string, isStill?: () => boolean): void
  /** Calls whenever there is a connection again after a break, or another one. */
  onReconnect(handler: () => void): () => void
  close(): void
}

const REPLY_MS = 16_000
/**
 * How long a reply may take before another connection is tried beside this one. Little more than it usually takes: the
 * other does no harm, and making it takes five round trips, in which nothing is seen.
 */
const replyPatience = (rtt: number | undefined): number =>
  rtt === undefined ? 1000 : Math.min(3000, Math.max(60, 1.25 * rtt + 30))
/** From one more connection to the next, while none answers: TCP asks ever more seldom, and would find the end late. */
const SPACING_MIN_MS = 500
const SPACING_MAX_MS = 1000
/** So many are tried at a time: the oldest has had some seconds when it goes. */
const STANDBYS_MOST = 6

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
  let standbys: Link[] = []
  let triedAt = Number.NEGATIVE_INFINITY
  let spacing = SPACING_MIN_MS
  let isAsking = false
  const reconnected = new Set<() => void>()
  let current = open(false)

  function open(isStandby: boolean): Link {
    const events: LinkEvents = {
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
    }
    const link = openLink(options.auth, events, { isStandby })
    return link
  }

  function lose(): void {
    if (isReady) ready = Promise.withResolvers()
    isReady = false
    options.onConnection('offline')
  }

  /** The first that has proved itself is the one; the other is closed. */
  function use(link: Link): void {
    const others = new Set([current, ...standbys])
    others.delete(link)
    standbys = []
    spacing = SPACING_MIN_MS
    current = link
    isReady = true
    // What was asked over another is answered with an error at once, and asked again over this one.
    for (const other of others) other.close()
    options.onConnection('online')
    ready.resolve()
    if (wasReady) for (const handler of [...reconnected]) handler()
    wasReady = true
  }

  function measure(took: number): void {
    rtt = rtt === undefined ? took : rtt + (took - rtt) / 4
  }

  async function ask(link: Link, cam: string, isStill: () => boolean): Promise<void> {
    isAsking = true
    const asked = performance.now()
    const late = setTimeout(() => isStill() && another(), replyPatience(rtt))
    try {
      await link.emit('beacon', { cam }, REPLY_MS)
      measure(performance.now() - asked)
      if (link === current) dropStandbys()
    } catch {
      // closed, by the other's success or by this page
    } finally {
      clearTimeout(late)
      isAsking = false
    }
  }

  function another(): void {
    if (performance.now() - triedAt < spacing) return
    triedAt = performance.now()
    spacing = Math.min(SPACING_MAX_MS, spacing * 1.3)
    standbys.push(open(true))
    if (standbys.length > STANDBYS_MOST) standbys.shift()?.close()
  }
  function dropStandbys(): void {
    for (const link of standbys.splice(0)) link.close()
    spacing = SPACING_MIN_MS
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
    doubt(cam, isStill = () => true) {
      if (!isReady || isAsking) another()
      else void ask(current, cam, isStill)
    },
    onReconnect(handler) {
      reconnected.add(handler)
      return () => void reconnected.delete(handler)
    },
    close() {
      dropStandbys()
      current.close()
    },
  }
}
