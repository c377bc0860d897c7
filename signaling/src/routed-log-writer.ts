import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** One attempt to watch, gathered over its messages. */
export type Session = {
  id?: number
  readonly sid: Uint8Array
  readonly asked: string
  readonly first: number
  last: number
  fromPseud?: number
  toPseud?: number
  reached?: string
  messages: number
  suspect: boolean
  result: string
  /** the result it is counted under, once it is */
  counted?: string
}

/** One routed message. Pseudonyms are 48 bits; a connection is a number within one run of the server. */
export type Row = {
  /** milliseconds since the epoch */
  t: number
  typ: string
  result: string
  fromConn: number | undefined
  toConn: number | undefined
  fromPseud: number | undefined
  toPseud: number | undefined
  /** the camera the request names */
  asked: string | undefined
  /** the camera that proved its key on the socket it went to */
  reached: string | undefined
  session?: Session
  /** where the message claims another one than its session's */
  sid?: Uint8Array
  /** bytes */
  size: number
  suspect: boolean
}

export type RowWriter = {
  /** All of them durably, or none and false. */
  write(rows: Row[]): boolean
  /** One message that will not be kept. */
  dropped(t: number): void
  /** The server runs, and has nothing to write. */
  alive(t: number): void
  close(t: number): void
}

export type Run = { build: string; instance: string; integration: string }

/** 128 bits of base64url. */
export const sidBytes = (sid: string): Uint8Array => Buffer.from(sid, 'base64url').subarray(0, 16)

/** The first 48 bits of a camera's id: its first eight characters. */
export const camBits = (cam: string): number => Buffer.from(cam.slice(0, 8), 'base64url').readUIntBE(0, 6)

export function camText(bits: number): string {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntBE(bits, 0, 6)
  return bytes.toString('base64url')
}

export const pseudText = (bits: number): string => `p${bits.toString(16).padStart(12, '0')}`

export const MINUTE_MS = 60_000
export const DAY_MS = 86_400_000
export const floorTo = (unit: number, t: number): number => Math.floor(t / unit) * unit

type Missing = { first: number; last: number; rows: number }

/** Writes one run's messages, each batch in one transaction. */
export function openRowWriter(db: DatabaseSync, run: Run, started: number): RowWriter {
  const statements = prepare(db)
  const runId = Number(
    statements.run.run(run.build, run.instance, run.integration, started, started).lastInsertRowid,
  )
  const words = new Map<string, number>()
  let n = 0
  let missing: Missing | undefined

  const wordId = (word: string): number => {
    const known = words.get(word) ?? Number(statements.word.get(word)?.id)
    words.set(word, known)
    return known
  }
  const bits = (cam: string | undefined): number | null => (cam === undefined ? null : camBits(cam))

  function writeSession(session: Session): void {
    const { first, last, sid, messages, asked } = session
    const tail = [session.toPseud ?? null, bits(session.reached), wordId(session.result), messages]
    const suspect = Number(session.suspect)
    if (session.id !== undefined) return void statements.update.run(last, ...tail, suspect, session.id)
    const head = [runId, first, last, sid, session.fromPseud ?? null, camBits(asked)]
    statements.camera.run(floorTo(DAY_MS, first), runId, camBits(asked))
    session.id = Number(statements.session.run(...head, ...tail, suspect).lastInsertRowid)
  }

  /** What has to be added to which count. */
  function countSessions(touched: Set<Session>): void {
    const changes = new Map<string, number>()
    const change = (t: number, result: string, by: number) =>
      changes.set(`${t} ${result}`, (changes.get(`${t} ${result}`) ?? 0) + by)
    for (const { first, result, counted } of touched) {
      if (counted === result) continue
      const minute = floorTo(MINUTE_MS, first)
      if (counted !== undefined) change(minute, counted, -1)
      change(minute, result, 1)
    }
    for (const [key, by] of changes) {
      const [t, result = ''] = key.split(' ')
      statements.count.run(Number(t), runId, wordId(result), by)
    }
  }

  function writeRow(row: Row): void {
    const words = [wordId(row.typ), wordId(row.result)]
    const conns = [row.fromConn ?? null, row.toConn ?? null]
    const pseuds = [row.fromPseud ?? null, row.toPseud ?? null]
    const cams = [bits(row.asked), bits(row.reached)]
    const session = [row.session?.id ?? null, row.sid ?? null]
    const place = [row.t, runId, ++n]
    statements.row.run(
      ...place,
      ...words,
      ...conns,
      ...pseuds,
      ...cams,
      ...session,
      row.size,
      Number(row.suspect),
    )
  }

  function noteMissing(rows: number, first: number, last: number): void {
    missing ??= { first, last, rows: 0 }
    missing.last = last
    missing.rows += rows
  }

  return {
    write(rows) {
      const touched = new Set(rows.map(row => row.session).filter(session => session !== undefined))
      const fresh = [...touched].filter(session => session.id === undefined)
      const [first, last] = [rows[0]?.t ?? 0, rows.at(-1)?.t ?? 0]
      try {
        db.exec('BEGIN IMMEDIATE')
        for (const row of rows) if (row.session) gather(row.session, row)
        for (const session of touched) writeSession(session)
        countSessions(touched)
        for (const row of rows) writeRow(row)
        if (missing) statements.missing.run(runId, missing.first, missing.last, missing.rows)
        statements.seen.run(last, runId)
        db.exec('COMMIT')
        for (const session of touched) session.counted = session.result
        missing = undefined
        return true
      } catch {
        if (db.isTransaction) db.exec('ROLLBACK')
        for (const session of fresh) delete session.id
        words.clear()
        noteMissing(rows.length, first, last)
        return false
      }
    },
    dropped: t => noteMissing(1, t, t),
    alive(t) {
      try {
        statements.seen.run(t, runId)
      } catch {
        // The next message tells whether the disk is well again.
      }
    },
    close(t) {
      try {
        if (missing) statements.missing.run(runId, missing.first, missing.last, missing.rows)
        statements.stopped.run(t, t, runId)
      } catch {
        // What was not written stands as a run that ended unannounced, and is told so.
      }
    },
  }
}

/** What the session's newest message adds to it. */
function gather(session: Session, row: Row): void {
  session.last = row.t
  session.messages++
  session.suspect ||= row.suspect
  if (row.typ === 'offer') {
    if (row.toPseud !== undefined) session.toPseud = row.toPseud
    if (row.reached !== undefined) session.reached = row.reached
  }
  session.result = row.typ !== 'offer' && row.result === 'passed' ? row.typ : row.result
}

function prepare(db: DatabaseSync) {
  const sql = (text: string): StatementSync => db.prepare(text)
  return {
    run: sql('INSERT INTO runs (build, instance, integration, started, seen) VALUES (?, ?, ?, ?, ?)'),
    seen: sql('UPDATE runs SET seen = ? WHERE id = ?'),
    stopped: sql('UPDATE runs SET seen = ?, stopped = ? WHERE id = ?'),
    missing: sql('INSERT INTO missing (run, first, last, rows) VALUES (?, ?, ?, ?)'),
    word: sql('INSERT INTO words (word) VALUES (?) ON CONFLICT DO UPDATE SET word = word RETURNING id'),
    session:
      sql(`INSERT INTO sessions (run, first, last, sid, from_pseud, asked, to_pseud, reached, result, messages,
      suspect) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    update:
      sql(`UPDATE sessions SET last = ?, to_pseud = ?, reached = ?, result = ?, messages = ?, suspect = ?
      WHERE id = ?`),
    count: sql(`INSERT INTO minutes (t, run, result, sessions) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET sessions = sessions + excluded.sessions`),
    camera: sql('INSERT INTO camera_days (t, run, cam) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
    row: sql(`INSERT INTO routed (t, run, n, typ, result, from_conn, to_conn, from_pseud, to_pseud, asked, reached,
      session, sid, size, suspect) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
  }
}
