import type { ToCamera, ToViewer } from '@ownsight/protocol/channel'
import type { Clock } from './clock.ts'
import { leave } from './opening.ts'
import type { LiveSession } from './watch.ts'

/** A confirmed session that waits without a picture (PROTOCOL.md §7, `start: "hold"`). */
export type Held = {
  /** when it was confirmed, ms of the page's clock */
  readonly since: number
  /** Resolves when the camera or the connection ended it. */
  readonly ended: Promise<void>
  /** The camera was heard of lately: its path carries. */
  isFresh(): boolean
  /** Asks for the picture. From here on the session belongs to the caller, once. */
  play(): LiveSession
  close(): void
}

/** Heartbeats come each second; one may be late. */
const FRESH_MS = 2500

export function holdSession(session: LiveSession, clock: Clock): Held {
  const since = clock.now()
  let heardAt = since
  let source: ToViewer | undefined
  let rights: ToViewer | undefined
  let handler: ((message: ToViewer) => void) | undefined
  const ended = Promise.withResolvers<void>()
  session.onMessage(message => {
    if (handler) return handler(message)
    if (message.t === 'heartbeat' && message.th === session.th) heardAt = clock.now()
    if (message.t === 'source') source = message
    if (message.t === 'rights') rights = message
    if (message.t === 'ended') ended.resolve()
  })
  void session.peer.closed.then(() => ended.resolve())
  const say = (t: Extract<ToCamera, { t: 'play' | 'alive' }>['t']): void =>
    session.peer.send(JSON.stringify({ t }))

  return {
    since,
    ended: ended.promise,
    isFresh: () => clock.now() - heardAt <= FRESH_MS,
    play() {
      say('play')
      // LIVE needs a heartbeat: the next one by itself may be a second away.
      say('alive')
      return {
        ...session,
        onMessage(next) {
          // What was said before is said once; heartbeats of then tell nothing of now.
          for (const message of [rights, source]) if (message) next(message)
          handler = next
        },
      }
    },
    close: () => leave(session),
  }
}
