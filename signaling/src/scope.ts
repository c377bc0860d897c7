import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LOG_FILE, LOG_MIGRATIONS } from './routed-log-schema.ts'
import { camText } from './routed-log-writer.ts'
import { type CameraWord, type HeadReader, readHeads } from './scope-heads.ts'
import type { People } from './scope-people.ts'
import {
  camerasAsked,
  countSessions,
  listSessions,
  listStrays,
  type RoutedSession,
  type SessionCount,
  type Stray,
  type Strays,
} from './scope-sessions.ts'
import { type Run, runsOf, UNWRITTEN_MS, type Window } from './scope-window.ts'
import { SignalingError } from './signaling-error.ts'

/**
 * Which sessions could have been affected between two times, and was anybody harmed. What the server routed is told by
 * its own log; what came of it, by the cameras' signed heads alone: a server that is wrong cannot clear itself.
 */
export type Scope = {
  from: string
  to: string
  filter: { build?: string; instance?: string; integration?: string }
  /** 0 is what everybody hopes for: sessions that became live without a right */
  harmed: number
  sessions: { total: number; by: SessionCount[]; first: RoutedSession[] }
  attempts: {
    total: number
    /** of them, those that a camera says it refused */
    refused: number
    /** messages that the server took elsewhere than they say */
    strays: { total: number; first: Stray[] }
    /** replies that belong to another request: viewers ignore them */
    foreignReplies: number
  }
  cameras: {
    asked: number
    /** whose word is worth telling: harm, attempts, or doubt */
    words: CameraWord[]
  }
  /** what this log does not know */
  gaps: Gap[]
  /** where they were asked for */
  people?: People
}

export type Gap =
  | { kind: 'not_kept'; instance: string; from: string; to: string; messages: number }
  | { kind: 'ended_unannounced'; instance: string; at: string }
  | { kind: 'begins_later'; at: string }
  | { kind: 'no_run' }

const STRAYS_SHOWN = 50
const AT_ONCE = 32

/** Read only, beside a running server too. @throws SignalingError */
export function openLog(folder: string): DatabaseSync {
  const file = join(folder, LOG_FILE)
  if (!existsSync(file))
    throw new SignalingError(
      'data',
      `There is no log in ${folder}. Name the server's data folder with --data.`,
    )
  const log = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
  const version = Number(log.prepare('PRAGMA user_version').get()?.user_version)
  if (version === LOG_MIGRATIONS.length) return log
  log.close()
  throw new SignalingError(
    'data',
    `${file} is of another version of Ownsight (${version}, this one reads ${LOG_MIGRATIONS.length}). Ask the version that runs the server.`,
  )
}

/** @param sessions how many of them to list */
export async function scope(
  log: DatabaseSync,
  window: Window,
  sessions: number,
  now: number = Date.now(),
): Promise<Scope> {
  const { from, to: asked, ...filter } = window
  if (from >= now) throw new SignalingError('from', '--from lies in the future.')
  const to = Math.min(asked, now)
  const until = { ...window, to }
  const runs = runsOf(log, until)
  const by = countSessions(log, until, runs)
  const strays = listStrays(log, until, runs, STRAYS_SHOWN)
  const cameras = new Set([...camerasAsked(log, until, runs).map(camText), ...strays.reached.keys()])
  const words = await readWords(log, cameras, from, to)
  const attempts = countAttempts(words, strays)
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    filter,
    harmed: words.reduce((sum, word) => sum + word.foreign, 0),
    sessions: {
      total: by.reduce((sum, count) => sum + count.sessions, 0),
      by,
      first: [...listSessions(log, until, runs, sessions)],
    },
    attempts,
    cameras: { asked: cameras.size, words: words.filter(isWorthTelling) },
    gaps: gapsOf(log, until, runs, now),
  }
}

/** Every camera that ever signed a head is asked for harm; only those with sessions owe a word of the window. */
async function readWords(
  log: DatabaseSync,
  asked: Set<string>,
  from: number,
  to: number,
): Promise<CameraWord[]> {
  const heads = readHeads(log)
  const words: CameraWord[] = []
  for (const { camera, word } of await readAll(heads, from, to)) {
    const owes = asked.has(camera.cam.slice(0, 8))
    if (owes || word.doubt === 'contradiction') words.push(word)
    else {
      const { doubt: _, ...said } = word
      words.push(said)
    }
  }
  const known = new Set(heads.cameras.map(({ cam }) => cam.slice(0, 8)))
  for (const cam of asked)
    if (!known.has(cam))
      words.push({ cam, since: null, until: null, foreign: 0, refused: {}, doubt: 'no_head' })
  return words
}

/** Signatures are checked by other threads meanwhile, so several at once. */
async function readAll(heads: HeadReader, from: number, to: number) {
  const all: { camera: HeadReader['cameras'][number]; word: CameraWord }[] = []
  for (let i = 0; i < heads.cameras.length; i += AT_ONCE)
    all.push(
      ...(await Promise.all(
        heads.cameras
          .slice(i, i + AT_ONCE)
          .map(async camera => ({ camera, word: await heads.read(camera, from, to) })),
      )),
    )
  return all
}

const isWorthTelling = (word: CameraWord): boolean =>
  word.doubt !== undefined || word.foreign > 0 || Object.keys(word.refused).length > 0

export const refusals = (word: CameraWord): number =>
  Object.values(word.refused).reduce((sum, times) => sum + times, 0)

/** What the server saw go astray and what the camera refused is one thing told twice, so the larger number counts. */
function countAttempts(words: CameraWord[], strays: Strays): Scope['attempts'] {
  const refusedAt = new Map(words.map(word => [word.cam.slice(0, 8), refusals(word)]))
  let [total, refused] = [0, 0]
  for (const cam of new Set([...refusedAt.keys(), ...strays.reached.keys()])) {
    const [said, seen] = [refusedAt.get(cam) ?? 0, strays.reached.get(cam) ?? 0]
    total += Math.max(said, seen)
    refused += said
  }
  return {
    total,
    refused,
    strays: { total: strays.count, first: strays.first },
    foreignReplies: strays.foreignReplies,
  }
}

function gapsOf(log: DatabaseSync, window: Window, runs: readonly Run[], now: number): Gap[] {
  if (runs.length === 0) return [{ kind: 'no_run' }]
  const named = new Map(runs.map(run => [run.id, run.instance]))
  const iso = (t: unknown) => new Date(Number(t)).toISOString()
  const gaps: Gap[] = []
  const begin = Number(log.prepare('SELECT min(started) AS t FROM runs').get()?.t)
  if (begin > window.from) gaps.push({ kind: 'begins_later', at: iso(begin) })
  for (const row of log
    .prepare('SELECT run, first, last, rows FROM missing WHERE last >= ? AND first < ? ORDER BY first')
    .all(window.from, window.to)) {
    const instance = named.get(Number(row.run))
    if (instance !== undefined)
      gaps.push({
        kind: 'not_kept',
        instance,
        from: iso(row.first),
        to: iso(row.last),
        messages: Number(row.rows),
      })
  }
  for (const { instance, seen, stopped } of runs)
    if (stopped === null && now - seen > UNWRITTEN_MS && seen < window.to)
      gaps.push({ kind: 'ended_unannounced', instance, at: iso(seen) })
  return gaps
}

/** A camera's word that is in doubt for good: its log was shortened, rewritten, or does not verify. */
export const isBroken = (word: CameraWord): boolean =>
  word.doubt === 'contradiction' || word.doubt === 'bad_signature'

/** 0 no harm, 3 harm, 4 no harm that is known, but signed heads contradict each other. */
export const exitCode = ({ harmed, cameras }: Scope): 0 | 3 | 4 =>
  harmed > 0 ? 3 : cameras.words.some(isBroken) ? 4 : 0
