import { randomBytes } from 'node:crypto'
import { SOCKET_MESSAGE_MAX_BYTES } from '@ownsight/protocol/limits'

/** What may be on its way to one connection: the policies of twenty cameras, as large as they may be, at once. */
export const UNREAD_MAX_BYTES = 8 * SOCKET_MESSAGE_MAX_BYTES
const ASK_AFTER_BYTES = SOCKET_MESSAGE_MAX_BYTES / 2
/** For the last words to a connection that is being closed; ws itself would wait thirty seconds for the answer. */
const CLOSING_MS = 3000

/** The parts of engine.io's socket, and of the websocket below it, that are needed here. */
export type Connection = {
  on(event: 'packetCreate', listener: (packet: { data?: string | Buffer }) => void): void
  on(event: 'drain', listener: () => void): void
  once(event: 'close', listener: () => void): void
  transport: {
    socket: {
      on(event: 'pong', listener: (data: Buffer) => void): void
      on(event: 'error', listener: () => void): void
      ping(data: Buffer): void
      terminate(): void
    }
  }
}

/**
 * Cuts a connection off that does not read what it is told, and one that breaks the framing. Engine.io's heartbeat does
 * not show who reads: its answer can be said without having heard the question. A websocket's ping carries a nonce,
 * which comes back only from whoever has read all that was said before it (RFC 6455 §5.5.3); what the kernel and the
 * network still hold counts as unread. @param onCut before a slow reader is cut off
 */
export function cutSlowReaders(connection: Connection, onCut: () => void): void {
  const { socket } = connection.transport
  let unread = 0
  let asked: { nonce: Buffer; bytes: number } | undefined

  connection.on('packetCreate', ({ data }) => {
    unread += (data?.length ?? 0) + 1
    if (unread <= UNREAD_MAX_BYTES) return
    onCut()
    socket.terminate()
  })
  // All that was said so far has been handed to the websocket: the ping comes behind it.
  connection.on('drain', () => {
    if (asked || unread < ASK_AFTER_BYTES || unread > UNREAD_MAX_BYTES) return
    asked = { nonce: randomBytes(8), bytes: unread }
    socket.ping(asked.nonce)
  })
  socket.on('pong', data => {
    if (!asked?.nonce.equals(data)) return
    unread -= asked.bytes
    asked = undefined
  })
  // ws would read on, and throw away, whatever follows a frame that is too large.
  socket.on('error', () => socket.terminate())
  connection.once('close', () => void setTimeout(() => socket.terminate(), CLOSING_MS).unref())
}
