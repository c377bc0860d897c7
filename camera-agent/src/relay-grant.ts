import { replies } from '@ownsight/protocol/events'
import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import type { Socket } from 'socket.io-client'
import * as v from 'valibot'

/** ms; a grant is good for ten minutes by the server's clock, which need not be ours */
const FRESH_MS = 240_000
const REPLY_MS = 5000

/**
 * The relays that signaling lends, asked for again when the last answer is not fresh. While there is no connection the
 * last answer serves on: the relay itself decides what it is worth.
 */
export function relayGrants(
  socket: Pick<Socket, 'connected' | 'timeout'>,
): () => Promise<RelayGrant | undefined> {
  let last: { grant: RelayGrant | undefined; at: number } | undefined
  return async () => {
    if (last?.grant && performance.now() - last.at < FRESH_MS) return last.grant
    if (!socket.connected) return last?.grant
    const reply: unknown = await socket
      .timeout(REPLY_MS)
      .emitWithAck('relays', {})
      .catch(() => undefined)
    const parsed = v.safeParse(replies.relays, reply)
    if (!parsed.success) return last?.grant
    last = { grant: 'grant' in parsed.output ? parsed.output.grant : undefined, at: performance.now() }
    return last.grant
  }
}
