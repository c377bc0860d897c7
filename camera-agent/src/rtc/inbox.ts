import { CHANNEL_MESSAGE_MAX_BYTES } from '@ownsight/protocol/limits'

/** What a channel brings, for one handler. */
export type Inbox = {
  take(data: string | Buffer): void
  /** From now on, and what came before. */
  open(): void
  onMessage(handler: (text: string) => void): void
}

/** A viewer says no more than its confirm before it is answered. */
const EARLY_MOST = 4

/**
 * Hands nothing on before it is open, and keeps what comes sooner. The viewer's side of SCTP is open once it has the
 * cookie; where its word of that is lost (COOKIE ACK, RFC 9260 §5.1), its confirm arrives before it, is acknowledged, and
 * never comes again.
 */
export function createInbox(): Inbox {
  const early: string[] = []
  let isOpen = false
  let handler: (text: string) => void = () => undefined
  return {
    take(data) {
      const text = typeof data === 'string' ? data : data.toString('utf8')
      if (text.length > CHANNEL_MESSAGE_MAX_BYTES) return
      if (isOpen) handler(text)
      else if (early.length < EARLY_MOST) early.push(text)
    },
    open() {
      isOpen = true
      for (const text of early.splice(0)) handler(text)
    },
    onMessage(next) {
      handler = next
    },
  }
}
