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
import { longestRtt } from './doubt.ts'
import { type Link, type LinkEvents, openLink } from './signaling-link.ts'
import { createCaution, trialMs } from './trials.ts'

export type Connection = 'connecting' | 'online' | 'offline' | { refused: string }

export type SignalingClient = {
  request<K extends Exclude<keyof typeof replies, 'bind' | 'publish'>>(
    kind: K,
    request: Request<K>,
    /** while it waits for a connection: then it is not sent */
    signal?: AbortSignal,
  ): Promise<Reply<K>>
  /** Answers messages of a second device until the returned function is called; the last to ask for them gets them. */
  onJoin(answer: (delivery: Delivery<'join'>) => Promise<Reply<'join'>>): () => void
  /**
   * A live view fears that the connection is dead: a socket dies silently when the address changes. Asks the server for
   * a reply, and makes another connection beside it, one try after the other while `isStill`; whichever answers first is
   * used.
   */
  doubt(cam: string, isStill?: () => boolean): void
  /** Calls whenever the server is reached again after a break, or over another connection: requests wait for its word. */
  onReconnect(handler: () => void): () => void
  close(): void
}

const REPLY_MS = 16_000
/** How long a reply may take before another connection is tried beside this one: little more than it usually takes. */
const replyPatience = (rtt: number | undefined): number =>
  rtt === undefined ? 1000 : Math.min(3000, Math.max(60, 1.25 * rtt + 30))
/** From the open connection to the server's word that the proof is good: two round trips, on any line that is of use. */
const PROVING_MS = 3000
/** Asked again over another connection when the one they were asked over is given up: twice does no more than once. */
const REPEATABLE: ReadonlySet<string> = new Set(['beacon', 'offer', 'relays'])

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
  /** the try under way: beside a connection that seems to be dead, or to have one at all */
  let trial: { link: Link; timer: ReturnType<typeof setTimeout> } | undefined
  let tried = 0
  let firstTryAt = 0
  let took: number | undefined
  let isStill = (): boolean => false
  let isAsking = false
  const caution = createCaution(() => performance.now())
  const reconnected = new Set<() => void>()
  let current = open(false)

  function open(isStandby: boolean): Link {
    const events: LinkEvents = {
      opened(ms) {
        took = ms
        if (link === trial?.link) giveIt(link, PROVING_MS)
        // Whoever waits for a connection has something to prepare meanwhile.
        if (wasReady) for (const handler of [...reconnected]) handler()
      },
      ready(ms) {
        measure(ms)
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
    // It would connect by itself, and the two would wait for each other.
    if (trial) tryNext()
  }

  /** The first that has proved itself is the one; the other is closed. */
  function use(link: Link): void {
    if (trial?.link === link && link !== current) caution.wasNeeded()
    const before = current
    current = link
    endTrial()
    tried = 0
    isReady = true
    // What was asked over the other is answered with an error at once, and asked again over this one.
    if (before !== link) before.close()
    options.onConnection('online')
    ready.resolve()
    wasReady = true
  }

  function measure(took: number): void {
    rtt = longestRtt(rtt, took)
  }

  async function ask(link: Link, cam: string): Promise<void> {
    isAsking = true
    const asked = performance.now()
    if (caution.mayHurry() && isStill()) tryAnother()
    const late = setTimeout(() => isStill() && tryAnother(), replyPatience(rtt))
    try {
      await link.emit('beacon', { cam }, REPLY_MS)
      measure(performance.now() - asked)
      if (link === current && trial) {
        caution.wasNeedless()
        endTrial()
        tried = 0
      }
    } catch {
      // closed, by the other's success or by this page
    } finally {
      clearTimeout(late)
      isAsking = false
    }
  }

  function tryAnother(): void {
    if (trial) return
    if (tried === 0) firstTryAt = performance.now()
    // One that is not connected would stand in the way of the new one.
    if (!isReady) current.close()
    const link = open(isReady)
    if (!isReady) current = link
    giveIt(link, trialMs(tried++, performance.now() - firstTryAt, took))
  }
  function giveIt(link: Link, ms: number): void {
    clearTimeout(trial?.timer)
    trial = { link, timer: setTimeout(tryNext, ms) }
  }
  function tryNext(): void {
    endTrial()
    if (isStill()) tryAnother()
    else tried = 0
  }
  function endTrial(): void {
    if (!trial) return
    clearTimeout(trial.timer)
    // The one there is goes on trying by itself.
    if (trial.link !== current) trial.link.close()
    trial = undefined
  }

  return {
    async request(kind, request, signal) {
      const timeout = new Promise<never>((_, reject) =>
        setTimeout(() => reject(new Error('no reply')), REPLY_MS),
      )
      timeout.catch(() => undefined)
      try {
        for (;;) {
          await Promise.race([ready.promise, timeout])
          if (signal?.aborted) throw new Error('nobody waits for it any more')
          const link = current
          try {
            const reply = await Promise.race([link.emit(kind, request, REPLY_MS), timeout])
            const parsed = v.safeParse(replies[kind], reply)
            return (parsed.success ? parsed.output : { hint: 'no_reply' }) as never
          } catch (error) {
            if (link === current || !REPEATABLE.has(kind)) throw error
          }
        }
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
    doubt(cam, still = () => true) {
      isStill = still
      if (!isReady || isAsking) tryAnother()
      else void ask(current, cam)
    },
    onReconnect(handler) {
      reconnected.add(handler)
      return () => void reconnected.delete(handler)
    },
    close() {
      isStill = () => false
      endTrial()
      current.close()
    },
  }
}
