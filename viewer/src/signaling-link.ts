import { sealAuth } from '@ownsight/protocol/challenge'
import type { Challenge } from '@ownsight/protocol/events'
import type { KeyPair } from '@ownsight/protocol/ids'
import { SUPPORTED_VERSIONS, VERSION } from '@ownsight/protocol/version'
import { io, type Socket } from 'socket.io-client'

/** One socket to the server, which proves its key each time it connects. */
export type Link = {
  /** @throws Error when no reply came in time, or the link was lost or closed meanwhile */
  emit(kind: string, request: unknown, ms: number): Promise<unknown>
  close(): void
}

export type LinkEvents = {
  /** The server can be reached, and has not yet been given the proof; connecting took so many ms. */
  opened(took: number): void
  /** connected, and the server has taken the proof, so many ms after it was sent */
  ready(took: number): void
  /** was connected; it tries again by itself */
  lost(): void
  /** could not connect; `reason` where the server gave one */
  refused(reason: string | undefined): void
  presence(received: unknown): void
  join(received: unknown, ack: (reply: unknown) => void): Promise<void>
}

const CONNECT_MAX_MS = 8000
const CONNECT_MIN_MS = 2000

/** @param isStandby tries once; it comes back by itself only after it has been ready */
export function openLink(auth: KeyPair, events: LinkEvents, { isStandby }: { isStandby: boolean }): Link {
  const socket: Socket = io('/viewer', {
    transports: ['websocket'],
    forceNew: true,
    reconnection: !isStandby,
    auth: { agent: `viewer/${VERSION}`, versions: [...SUPPORTED_VERSIONS] },
    reconnectionDelay: 400,
    reconnectionDelayMax: 4000,
    randomizationFactor: 0.5,
    timeout: CONNECT_MAX_MS,
  })
  let closed = false
  const again = (ms: number) => setTimeout(() => !closed && socket.connect(), ms)
  quickenConnecting(socket, events.opened)

  socket.on('challenge', async (challenge: Challenge) => {
    const sealed = await sealAuth(challenge, { key: auth, role: 'viewer', origin: location.origin })
    const sent = performance.now()
    const reply = await socket
      .timeout(8000)
      .emitWithAck('auth', { auth: sealed })
      .catch(() => undefined)
    if (closed) return
    if (!reply?.ok) return events.refused(undefined)
    performance.mark('ownsight:signaling')
    socket.io.reconnection(true)
    events.ready(performance.now() - sent)
  })
  socket.on('presence', events.presence)
  socket.on('join', (received: unknown, ack: unknown) => {
    if (typeof ack === 'function') void events.join(received, ack as (reply: unknown) => void)
  })
  socket.on('disconnect', reason => {
    events.lost()
    if (reason === 'io server disconnect') again(1000 + Math.random() * 1000)
  })
  socket.on('connect_error', (error: Error & { data?: { code?: string; message?: string } }) => {
    events.refused(error.data?.code === 'version' ? String(error.data.message).slice(0, 200) : undefined)
    if (!socket.active && !isStandby) again(10_000)
  })

  return {
    emit: (kind, request, ms) => socket.timeout(ms).emitWithAck(kind, request),
    close() {
      closed = true
      socket.removeAllListeners()
      socket.disconnect()
    },
  }
}

/**
 * Where connecting was quick before, a try that takes much longer is given up for a new one: in an outage TCP asks ever
 * more seldom (RFC 6298 §5), and would find its end seconds late.
 */
function quickenConnecting(socket: Socket, opened: (took: number) => void): void {
  const { io: manager } = socket
  let began = performance.now()
  manager.on('reconnect_attempt', () => {
    began = performance.now()
  })
  // Elsewhere the network may be slower than it was: each failure is given longer.
  manager.on('reconnect_error', () => {
    manager.timeout(Math.min(CONNECT_MAX_MS, Number(manager.timeout()) * 1.5))
  })
  manager.on('open', () => {
    const took = performance.now() - began
    manager.timeout(Math.min(CONNECT_MAX_MS, Math.max(CONNECT_MIN_MS, 4 * took)))
    opened(took)
  })
}
