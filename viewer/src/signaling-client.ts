import { sealAuth } from '@ownsight/protocol/challenge'
import {
  type Challenge,
  type Delivery,
  deliveries,
  type Presence,
  presence,
  type Reply,
  type Request,
  replies,
} from '@ownsight/protocol/events'
import type { KeyPair } from '@ownsight/protocol/ids'
import { SUPPORTED_VERSIONS, VERSION } from '@ownsight/protocol/version'
import { io, type Socket } from 'socket.io-client'
import * as v from 'valibot'

export type Connection = 'connecting' | 'online' | 'offline' | { refused: string }

export type SignalingClient = {
  request<K extends Exclude<keyof typeof replies, 'bind' | 'publish'>>(
    kind: K,
    request: Request<K>,
  ): Promise<Reply<K>>
  /** Answers messages of a second device until the returned function is called; the last to ask for them gets them. */
  onJoin(answer: (delivery: Delivery<'join'>) => Promise<Reply<'join'>>): () => void
  close(): void
}

const REPLY_MS = 16_000

/** One authenticated socket that comes back by itself. What it delivers is opened by whoever asked, never here. */
export function connectSignaling(options: {
  auth: KeyPair
  onConnection: (state: Connection) => void
  onPresence: (presence: Presence) => void
}): SignalingClient {
  const socket: Socket = io('/viewer', {
    transports: ['websocket'],
    forceNew: true,
    auth: { agent: `viewer/${VERSION}`, versions: [...SUPPORTED_VERSIONS] },
    reconnectionDelay: 400,
    reconnectionDelayMax: 4000,
    randomizationFactor: 0.5,
  })
  let ready = Promise.withResolvers<void>()
  let closed = false
  let joinAnswer: ((delivery: Delivery<'join'>) => Promise<Reply<'join'>>) | undefined
  const again = (ms: number) => setTimeout(() => !closed && socket.connect(), ms)

  socket.on('challenge', async (challenge: Challenge) => {
    const auth = await sealAuth(challenge, { key: options.auth, role: 'viewer', origin: location.origin })
    const reply = await socket
      .timeout(8000)
      .emitWithAck('auth', { auth })
      .catch(() => undefined)
    if (!reply?.ok) return options.onConnection('offline')
    options.onConnection('online')
    ready.resolve()
  })
  socket.on('presence', (received: unknown) => {
    const parsed = v.safeParse(presence, received)
    if (parsed.success) options.onPresence(parsed.output)
  })
  socket.on('join', async (received: unknown, ack: unknown) => {
    const parsed = v.safeParse(deliveries.join, received)
    if (typeof ack !== 'function') return
    // A page that was left shows no code any more.
    ack(parsed.success && joinAnswer ? await joinAnswer(parsed.output) : { refused: 'no_rendezvous' })
  })
  socket.on('disconnect', reason => {
    ready = Promise.withResolvers()
    options.onConnection('offline')
    if (reason === 'io server disconnect') again(1000 + Math.random() * 1000)
  })
  socket.on('connect_error', (error: Error & { data?: { code?: string; message?: string } }) => {
    const refused = error.data?.code === 'version' ? String(error.data.message).slice(0, 200) : undefined
    options.onConnection(refused ? { refused } : 'offline')
    if (!socket.active) again(10_000)
  })

  return {
    async request(kind, request) {
      const timeout = new Promise<never>((_, reject) =>
        setTimeout(() => reject(new Error('no reply')), REPLY_MS),
      )
      try {
        await Promise.race([ready.promise, timeout])
        const parsed = v.safeParse(replies[kind], await socket.timeout(REPLY_MS).emitWithAck(kind, request))
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
    close() {
      closed = true
      socket.removeAllListeners()
      socket.disconnect()
    },
  }
}
