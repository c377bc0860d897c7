import { replies } from '@ownsight/protocol/events'
import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import type { Socket } from 'socket.io-client'
import * as v from 'valibot'

/** ms; a grant is good for ten minutes by the server's clock, which need not be ours */
const FRESH_MS = 240_000
const REPLY_MS = 5000

/**
 * The relays that signaling lends, asked for once in a connection, and again when the answer is not fresh: that there are
 * none is an answer too. While there is no connection the last one serves on: the relay itself decides what it is worth.
 */
export function relayGrants(
  socket: Pick<Socket, 'connected' | 'timeout' | 'id'>,
): () => Promise<RelayGrant | undefined> {
  let last: { grant: RelayGrant | undefined; at: number; connection: string | undefined } | undefined
  const isFresh = (): boolean =>
    last !== undefined &&
    performance.now() - last.at < FRESH_MS &&
    (last.grant !== undefined || last.connection === socket.id)
  return async () => {
    if (isFresh() || !socket.connected) return last?.grant
    const reply: unknown = await socket
      .timeout(REPLY_MS)
      .emitWithAck('relays', {})
      .catch(() => undefined)
    const parsed = v.safeParse(replies.relays, reply)
    if (!parsed.success) return last?.grant
    const grant = 'grant' in parsed.output ? parsed.output.grant : undefined
    last = { grant, at: performance.now(), connection: socket.id }
    return grant
  }
}
