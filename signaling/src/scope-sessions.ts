import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { camText, DAY_MS, MINUTE_MS, pseudText } from './routed-log-writer.ts'
import type { Run, Window } from './scope-window.ts'

/** The server's own log, asked about a window: sessions and what went astray. */

/** A session that began earlier than this before the window has no message in it. */
export const SESSION_MS = 600_000

export type SessionCount = {
  build: string
  instance: string
  integration: string
  result: string
  sessions: number
}

export type RoutedSession = {
  first: string
  last: string
  sid: string
  build: string
  instance: string
  integration: string
  /** pseudonyms of the accounts */
  from: string | null
  to: string | null
  /** camId8 of the camera that was asked for, and of the one that got it */
  asked: string
  reached: string | null
  result: string
  messages: number
  suspect: boolean
}

/** A message that went, or came from, elsewhere than it says. */
export type Stray = {
  at: string
  typ: string
  result: string
  instance: string
  from: string | null
  to: string | null
  asked: string | null
  reached: string | null
  sid: string | null
}

type Bind = { [name: string]: SQLInputValue }

export const inRuns = (runs: readonly Run[]): string =>
  `run IN (${runs.map(({ id }) => Math.trunc(id)).join(',')})`

/**
 * Whole units of the window come from what is counted already; what is left at its ends, and sessions that reach into
 * it, are read one by one. Both ends are inclusive of `from` and exclusive of `to`.
 */
function ends(window: Window, unit: number): Bind & { whole: number; end: number } {
  const whole = Math.ceil(window.from / unit) * unit
  const end = Math.max(whole, Math.floor(window.to / unit) * unit)
  return { from: window.from, to: window.to, early: window.from - SESSION_MS, whole, end }
}

const AT_THE_ENDS = `SELECT run, result, asked FROM sessions WHERE first >= $early AND first < min($whole, $to) AND last >= $from
  UNION ALL SELECT run, result, asked FROM sessions WHERE first >= $end AND first < $to`

export function countSessions(log: DatabaseSync, window: Window, runs: readonly Run[]): SessionCount[] {
  if (runs.length === 0) return []
  const rows = log
    .prepare(
      `SELECT run, word AS result, sum(n) AS sessions FROM (
        SELECT run, result, sessions AS n FROM minutes WHERE t >= $whole AND t < $end
        UNION ALL SELECT run, result, 1 FROM (${AT_THE_ENDS}))
      JOIN words ON words.id = result WHERE ${inRuns(runs)} GROUP BY run, result HAVING sum(n) > 0 ORDER BY run, result`,
    )
    .all(ends(window, MINUTE_MS)) as { run: number; result: string; sessions: number }[]
  const known = new Map(runs.map(run => [run.id, run]))
  return rows.map(({ run, result, sessions }) => {
    const { build = '', instance = '', integration = '' } = known.get(run) ?? {}
    return { build, instance, integration, result, sessions }
  })
}

/** First 48 bits of every camera that was asked for. */
export function camerasAsked(log: DatabaseSync, window: Window, runs: readonly Run[]): number[] {
  if (runs.length === 0) return []
  const rows = log
    .prepare(
      `SELECT DISTINCT cam FROM (SELECT run, cam FROM camera_days WHERE t >= $whole AND t < $end
        UNION ALL SELECT run, asked AS cam FROM (${AT_THE_ENDS})) WHERE ${inRuns(runs)}`,
    )
    .all(ends(window, DAY_MS))
  return rows.map(({ cam }) => Number(cam))
}

/** In the order in which they began. @param limit undefined for all */
export function* listSessions(
  log: DatabaseSync,
  window: Window,
  runs: readonly Run[],
  limit?: number,
): Generator<RoutedSession> {
  if (runs.length === 0) return
  const known = new Map(runs.map(run => [run.id, run]))
  const rows = log
    .prepare(
      `SELECT run, first, last, sid, from_pseud, to_pseud, asked, reached, messages, suspect, word AS result
      FROM sessions JOIN words ON words.id = result
      WHERE first >= $early AND first < $to AND last >= $from AND ${inRuns(runs)} ORDER BY first LIMIT $limit`,
    )
    .iterate({ early: window.from - SESSION_MS, from: window.from, to: window.to, limit: limit ?? -1 })
  for (const row of rows) {
    const { build = '', instance = '', integration = '' } = known.get(Number(row.run)) ?? {}
    yield {
      first: isoTime(row.first),
      last: isoTime(row.last),
      sid: Buffer.from(row.sid as Uint8Array).toString('base64url'),
      ...{ build, instance, integration },
      ...{ from: pseudonym(row.from_pseud), to: pseudonym(row.to_pseud) },
      ...{ asked: camera(row.asked) ?? '', reached: camera(row.reached) },
      result: String(row.result),
      messages: Number(row.messages),
      suspect: row.suspect === 1,
    }
  }
}

export type Strays = {
  count: number
  /** requests, by the camera that got them */
  reached: Map<string, number>
  foreignReplies: number
  first: Stray[]
}

/** @param limit at most so many are told one by one */
export function listStrays(log: DatabaseSync, window: Window, runs: readonly Run[], limit: number): Strays {
  const found: Strays = { count: 0, foreignReplies: 0, reached: new Map(), first: [] }
  if (runs.length === 0) return found
  const known = new Map(runs.map(run => [run.id, run]))
  const rows = log
    .prepare(
      `SELECT r.t, r.run, typ.word AS typ, result.word AS result, r.from_pseud, r.to_pseud, r.asked, r.reached,
        coalesce(r.sid, s.sid) AS sid
      FROM routed r JOIN words typ ON typ.id = r.typ JOIN words result ON result.id = r.result
      LEFT JOIN sessions s ON s.id = r.session
      WHERE r.suspect = 1 AND r.t >= $from AND r.t < $to AND r.${inRuns(runs)} ORDER BY r.t`,
    )
    .iterate({ from: window.from, to: window.to })
  for (const row of rows) {
    found.count++
    const reached = camera(row.reached)
    if (row.result === 'foreign_answer') found.foreignReplies++
    else if (reached && row.result !== 'passed')
      found.reached.set(reached, (found.reached.get(reached) ?? 0) + 1)
    if (found.first.length >= limit) continue
    found.first.push({
      at: isoTime(row.t),
      ...{ typ: String(row.typ), result: String(row.result) },
      instance: known.get(Number(row.run))?.instance ?? '',
      ...{ from: pseudonym(row.from_pseud), to: pseudonym(row.to_pseud) },
      ...{ asked: camera(row.asked), reached },
      sid: row.sid ? Buffer.from(row.sid as Uint8Array).toString('base64url') : null,
    })
  }
  return found
}

const isoTime = (t: unknown): string => new Date(Number(t)).toISOString()
const pseudonym = remembered(pseudText)
const camera = remembered(camText)

/** The same few stand in millions of rows. */
function remembered(write: (bits: number) => string): (bits: unknown) => string | null {
  const known = new Map<unknown, string>()
  return bits => {
    if (bits === null) return null
    const text = known.get(bits) ?? write(Number(bits))
    if (known.size < 100_000) known.set(bits, text)
    return text
  }
}
