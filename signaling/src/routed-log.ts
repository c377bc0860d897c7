import type { Hint } from '@ownsight/protocol/events'
import type { Metrics } from './metrics.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import { type Claims, readClaims, readReply } from './routed-log-claims.ts'
import { type Row, type RowWriter, type Session, sidBytes } from './routed-log-writer.ts'
import type { DeviceSocket } from './sockets.ts'

/**
 * Keeps, of every message that was routed, who sent it to whom and where it really went; never what it said. Whom a
 * socket belongs to is read from the socket itself, where its own proof put it, and not from the tables that route:
 * a fault in those is what this log is there to show.
 */
export type RoutedLog = {
  /** A request that is to be passed on. @param asked the camera it names */
  open(request: { envelope: string; from: DeviceSocket; asked?: string }): Exchange
  /** A message to the server itself: a camera's beacon. */
  received(envelope: string, from: DeviceSocket): void
  close(): void
}

export type Exchange = {
  /** It was handed to this device. */
  sent(to: DeviceSocket): void
  /** What was handed back to whom asked, or the hint in its place. */
  replied(reply: { [member: string]: unknown } | Hint): void
}

const TICK_MS = 250
const BATCH = 500
/** More than this is not kept waiting: the log has a gap then, and says so. */
const QUEUE_MAX = 10_000
/** How long nothing may be written before the run's last sign of life is renewed. */
const ALIVE_MS = 60_000
/** The same sid after this time is another attempt. */
const SESSION_MS = 600_000

export function startRoutedLog(
  writer: RowWriter,
  pseudonyms: Pseudonyms,
  metrics: Pick<Metrics, 'logDropped' | 'mixedUp'>,
  now: () => number = Date.now,
): RoutedLog {
  const sessions = new Map<string, Session>()
  const connections = new WeakMap<DeviceSocket, number>()
  let connected = 0
  let written = now()
  let queue: Row[] = []
  let early: NodeJS.Immediate | undefined
  const timer = setInterval(flush, TICK_MS).unref()

  function flush(): void {
    early = undefined
    forget()
    if (queue.length === 0 && now() - written < ALIVE_MS) return
    written = now()
    if (queue.length === 0) return writer.alive(written)
    const rows = queue
    queue = []
    if (!writer.write(rows)) metrics.logDropped.inc(rows.length)
  }

  function forget(): void {
    for (const [key, session] of sessions) {
      if (now() - session.first < SESSION_MS) break
      sessions.delete(key)
    }
  }

  function add(row: Row): void {
    if (row.suspect) metrics.mixedUp.inc({ kind: row.typ })
    if (queue.length >= QUEUE_MAX) {
      metrics.logDropped.inc()
      return writer.dropped(row.t)
    }
    queue.push(row)
    if (queue.length >= BATCH) early ??= setImmediate(flush)
  }

  const connection = (socket: DeviceSocket): number => {
    const known = connections.get(socket) ?? ++connected
    connections.set(socket, known)
    return known
  }
  const party = (socket: DeviceSocket | undefined, t: number) => ({
    conn: socket && connection(socket),
    pseud: socket?.data.account === undefined ? undefined : pseudonyms.of(socket.data.account, t),
  })

  function sessionOf(row: Row, sid: string | undefined): Session | undefined {
    if (row.typ !== 'offer' || sid === undefined || row.asked === undefined) return undefined
    const key = `${sid} ${row.fromPseud}`
    const known = sessions.get(key)
    if (known) return known
    const { t, asked, fromPseud } = row
    const session: Session = {
      sid: sidBytes(sid),
      asked,
      first: t,
      last: t,
      messages: 0,
      suspect: false,
      result: '',
    }
    if (fromPseud !== undefined) session.fromPseud = fromPseud
    sessions.set(key, session)
    return session
  }

  const rowOf = (
    claims: Claims,
    from: DeviceSocket | undefined,
    to: DeviceSocket | undefined,
    place: { asked: string | undefined; reached: string | undefined },
    result: string,
  ): Row => {
    const t = now()
    const [sender, receiver] = [party(from, t), party(to, t)]
    const misrouted =
      place.asked !== undefined && place.reached !== undefined && place.asked !== place.reached
    return {
      t,
      typ: claims.typ,
      result,
      fromConn: sender.conn,
      toConn: receiver.conn,
      fromPseud: sender.pseud,
      toPseud: receiver.pseud,
      ...place,
      size: claims.size,
      suspect: misrouted || FOREIGN.has(result),
    }
  }

  return {
    open({ envelope, from, asked }) {
      const request = readClaims(envelope)
      let device: DeviceSocket | undefined
      let session: Session | undefined
      const sent = (to: DeviceSocket | undefined, result: string): void => {
        device = to
        const row = rowOf(request, from, to, { asked, reached: to?.data.cam }, result)
        session = sessionOf(row, request.sid)
        add(session ? { ...row, session } : row)
      }
      return {
        sent: to => sent(to, wrongAudience(request, asked) ? 'wrong_aud' : 'sent'),
        replied(reply) {
          const hint = 'hint' in reply ? String(reply.hint) : undefined
          if (!device) return sent(undefined, hint ?? 'refused')
          const claims = readReply(reply)
          const place = { asked, reached: device.data.cam }
          const result = hint ?? (isForeign(request, claims, place) ? 'foreign_answer' : 'passed')
          const row = rowOf(claims, hint ? undefined : device, from, place, result)
          if (session) row.session = session
          if (claims.sid !== undefined && claims.sid !== request.sid) row.sid = sidBytes(claims.sid)
          add(row)
        },
      }
    },
    received(envelope, from) {
      const claims = readClaims(envelope)
      const cam = from.data.cam
      const result = claims.iss === cam ? 'kept' : 'foreign_answer'
      add(rowOf(claims, from, undefined, { asked: cam, reached: cam }, result))
    },
    close() {
      clearInterval(timer)
      if (early) clearImmediate(early)
      flush()
      writer.close(now())
    },
  }
}

const FOREIGN = new Set(['wrong_aud', 'foreign_answer'])

/** The envelope is addressed to another camera than the request around it. */
const wrongAudience = (request: Claims, asked: string | undefined): boolean =>
  asked !== undefined && request.aud !== undefined && request.aud !== asked

/** By its own words this is no reply to that request: another attempt's, another viewer's, or another camera's. */
function isForeign(request: Claims, reply: Claims, place: { asked: string | undefined }): boolean {
  const differs = (a: string | undefined, b: string | undefined) =>
    a !== undefined && b !== undefined && a !== b
  return (
    differs(reply.iss, place.asked) ||
    differs(reply.sid, request.sid) ||
    (request.sid !== undefined && differs(reply.aud, request.iss))
  )
}
