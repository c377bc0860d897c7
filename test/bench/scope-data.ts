import type { DatabaseSync } from 'node:sqlite'
import { randomBytes, toBase64url } from '@ownsight/protocol/bytes'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { sealHead } from '@ownsight/protocol/log-chain'
import { LOG_FILE, LOG_MIGRATIONS } from '@ownsight/signaling/routed-log-schema'
import { camBits } from '@ownsight/signaling/routed-log-writer'
import { openFile } from '@ownsight/signaling/store/database'

/** A log such as a server with these cameras would leave: an offer and its reply per session, a few that went astray. */
export type ScopeData = {
  folder: string
  rows: number
  cameras: number
  /** signed heads of each camera */
  heads: number
  runs: number
  /** milliseconds since the epoch */
  from: number
  to: number
}

const WORDS = ['offer', 'answer', 'refuse', 'hint', 'sent', 'passed', 'no_reply', 'offline', 'wrong_aud']
const BATCH = 200_000

export async function writeScopeData(data: ScopeData): Promise<void> {
  const db = openFile(data.folder, LOG_FILE, LOG_MIGRATIONS)
  db.exec('PRAGMA synchronous = OFF')
  const word = db.prepare('INSERT INTO words (id, word) VALUES (?, ?)')
  WORDS.forEach((each, id) => void word.run(id, each))
  writeRuns(db, data)
  await writeCameras(db, data)
  const sessions = Math.floor(data.rows / 2)
  for (let first = 0; first < sessions; first += BATCH) {
    const place = { first, last: Math.min(sessions, first + BATCH), sessions, ...placed(data) }
    db.exec('BEGIN')
    for (const sql of [SESSIONS, ROWS]) db.prepare(sql).run(place)
    db.exec('COMMIT')
  }
  for (const sql of [MINUTES, CAMERA_DAYS]) db.exec(sql)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

const placed = ({ from, to, cameras, runs }: ScopeData) => ({ from, span: to - from, cameras, runs })

function writeRuns(db: DatabaseSync, { runs, from, to }: ScopeData): void {
  const run = db.prepare(
    'INSERT INTO runs (id, build, instance, integration, started, seen, stopped) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const span = Math.ceil((to - from) / runs)
  for (let i = 0; i < runs; i++) {
    const [first, last] = [from + i * span, from + (i + 1) * span]
    run.run(i + 1, `0.1.${i % 3}`, i.toString(16).padStart(8, '0'), 'own', first, last, last)
  }
}

/** Real keys and real signatures: the command checks them. */
async function writeCameras(db: DatabaseSync, data: ScopeData): Promise<void> {
  db.exec('CREATE TEMP TABLE bench_cameras (n INTEGER PRIMARY KEY, bits INTEGER NOT NULL)')
  const list = db.prepare('INSERT INTO bench_cameras (n, bits) VALUES (?, ?)')
  const camera = db.prepare('INSERT INTO head_cameras (cam, x, y, since) VALUES (?, ?, ?, ?)')
  for (let n = 0; n < data.cameras; n++) {
    const key = await generateKeyPair()
    list.run(n, camBits(key.id))
    camera.run(key.id, key.publicKey.x, key.publicKey.y, data.from)
    await writeHeads(db, key, data)
  }
}

async function writeHeads(db: DatabaseSync, key: KeyPair, { heads, from, to }: ScopeData): Promise<void> {
  const head = db.prepare('INSERT INTO heads (cam, t, until, i, h, signed, jws) VALUES (?, ?, ?, ?, ?, ?, ?)')
  const signed: [number, number, string, string][] = []
  for (let k = 0; k < heads; k++) {
    const place = { i: k * 20, h: toBase64url(randomBytes(32)) }
    const counters = { live: k * 8, ended: k * 8, foreign: 0, refused: { wrong_aud: k >> 6, stale_win: k } }
    signed.push([
      from + (k * (to - from)) / (heads - 1),
      place.i,
      place.h,
      await sealHead(key, place, counters),
    ])
  }
  db.exec('BEGIN')
  for (const [t, i, h, jws] of signed)
    head.run(key.id, Math.round(t), Math.round(t), i, h, Math.round(t), jws)
  db.exec('COMMIT')
}

/** Session s: its run follows from its time; camera and viewer are scattered, the sid is random. */
const NUMBERS = `WITH RECURSIVE
  s(s) AS (SELECT cast($first AS INTEGER) UNION ALL SELECT s + 1 FROM s WHERE s + 1 < $last),
  m AS (SELECT s, cast($from + $span * 1.0 * s / $sessions AS INTEGER) AS t,
    1 + s * cast($runs AS INTEGER) / cast($sessions AS INTEGER) AS run, bits AS cam,
    (s * 40503 % 65536 % 3000 + 1) * 93824992231 AS viewer, s % 1000003 = 7 AS astray
    FROM s JOIN bench_cameras ON n = s * 2654435761 % 4294967296 % cast($cameras AS INTEGER))`

const SESSIONS = `${NUMBERS} INSERT INTO sessions
  (id, run, first, last, sid, from_pseud, to_pseud, asked, reached, result, messages, suspect)
  SELECT s + 1, run, t, t + 40, randomblob(16), viewer, viewer, cam, cam + astray,
    CASE WHEN s % 50 = 0 THEN 6 WHEN s % 17 = 0 THEN 2 ELSE 1 END, 2, astray FROM m ORDER BY s`

const ROWS = `${NUMBERS}, both(k) AS (VALUES (0), (1)) INSERT INTO routed
  (t, run, n, typ, result, from_conn, to_conn, from_pseud, to_pseud, asked, reached, session, size, suspect)
  SELECT t + 40 * k, run, s * 2 + k, CASE WHEN k = 0 THEN 0 WHEN s % 17 = 0 THEN 2 ELSE 1 END,
    CASE WHEN k = 0 THEN 4 ELSE 5 END, s % 5000, s % 1044, viewer, viewer, cam, cam + astray, s + 1, 6000, astray
  FROM m, both ORDER BY 1`

const MINUTES = `INSERT INTO minutes (t, run, result, sessions)
  SELECT first / 60000 * 60000, run, result, count(*) FROM sessions GROUP BY 1, 2, 3`
const CAMERA_DAYS = `INSERT OR IGNORE INTO camera_days (t, run, cam)
  SELECT DISTINCT first / 86400000 * 86400000, run, asked FROM sessions`
