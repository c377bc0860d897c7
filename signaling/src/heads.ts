import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { openHead } from '@ownsight/protocol/log-chain'
import type { Counters } from '@ownsight/protocol/messages'
import type { Metrics } from './metrics.ts'
import type { Database } from './store/database.ts'

/**
 * What cameras signed about their own logs, kept so that somebody can ask later what happened. Only signatures of the
 * camera's own key are kept. A head that contradicts the one before is kept too: it is the evidence.
 */
export type Heads = {
  /** @param cam the camera whose socket it came over */
  keep(cam: string, jws: string): Promise<void>
  close(): void
}

type Head = { cam: string; t: number; i: number; h: string; signed: number; c: Counters; jws: string }
type Stored = { t: number; i: number; h: string; fault: string | null; jws: string }

/** Heads are gathered this long and written at once. */
const TICK_MS = 1000
/** Of heads that follow one another faster, the newest is kept. */
const SPACING_MS = 300_000

export function startHeads(
  db: Database,
  log: DatabaseSync,
  metrics: Pick<Metrics, 'refused'>,
  now: () => number = Date.now,
): Heads {
  const statements = prepare(log)
  const turns = new Map<string, Promise<void>>()
  let pending = new Map<string, Head>()
  const timer = setInterval(flush, TICK_MS).unref()

  function flush(): void {
    if (pending.size === 0) return
    const heads = pending
    pending = new Map()
    try {
      log.exec('BEGIN IMMEDIATE')
      for (const head of heads.values()) write(statements, head)
      log.exec('COMMIT')
    } catch {
      if (log.isTransaction) log.exec('ROLLBACK')
      // The camera's next head says all that these said.
      metrics.refused.inc({ reason: 'head_not_kept' }, heads.size)
    }
  }

  /** One camera's heads in the order in which they came. */
  function inTurn(cam: string, jws: string): Promise<void> {
    const turn = (turns.get(cam) ?? Promise.resolve()).then(() => keep(cam, jws))
    const settled: Promise<void> = turn.catch(() => undefined)
    turns.set(cam, settled)
    void settled.then(() => {
      if (turns.get(cam) === settled) turns.delete(cam)
    })
    return turn
  }

  async function keep(cam: string, jws: string): Promise<void> {
    const key = await db
      .selectFrom('cameras')
      .select(['cam_x as x', 'cam_y as y'])
      .where('id', '=', cam)
      .executeTakeFirst()
    const { x, y } = key ?? {}
    if (!x || !y) return void metrics.refused.inc({ reason: 'head_without_key' })
    const head = await openHead(jws, { x, y }, cam).catch(() => undefined)
    if (!head) return void metrics.refused.inc({ reason: 'bad_head' })
    const t = now()
    statements.camera.run(cam, x, y, t)
    const { i, h, iat, c } = head
    const waiting = pending.get(cam)
    // Two that contradict each other must both be seen.
    if (waiting && faultOf(waiting, { i, h, c })) flush()
    pending.set(cam, { cam, t, i, h, signed: iat * 1000, c, jws })
  }

  return {
    keep: inTurn,
    close() {
      clearInterval(timer)
      flush()
    },
  }
}

/** Why two heads of one log cannot both be true, the second being signed later. */
export function faultOf(
  before: { i: number; h: string; c: Counters },
  after: { i: number; h: string; c: Counters },
): 'shorter' | 'forked' | 'counters' | undefined {
  if (after.i < before.i) return 'shorter'
  if (after.i === before.i && after.h !== before.h) return 'forked'
  return wentBack(before.c, after.c) ? 'counters' : undefined
}

function wentBack(before: Counters, after: Counters): boolean {
  const less = (a: number, b: number | undefined) => (b ?? 0) < a
  return (
    less(before.live, after.live) ||
    less(before.ended, after.ended) ||
    less(before.foreign, after.foreign) ||
    Object.entries(before.refused).some(([code, times]) => less(times, after.refused[code]))
  )
}

function write(statements: ReturnType<typeof prepare>, head: Head): void {
  const { cam, t, i, h, signed, jws } = head
  const [last, previous] = statements.newest.all(cam) as Stored[]
  const fault = last && faultOf({ ...last, c: countersOf(last.jws) }, head)
  if (last && !fault && last.i === i) return void statements.again.run(t, signed, jws, cam, last.t)
  const crowded = last && previous && last.t - previous.t < SPACING_MS && t - last.t < SPACING_MS
  if (crowded && (fault ? last.fault : !last.fault)) statements.remove.run(cam, last.t)
  const place = Math.max(t, (last?.t ?? 0) + 1)
  statements.insert.run(cam, place, t, i, h, signed, fault ?? null, jws)
}

/** Of a head that was checked when it came. */
const countersOf = (jws: string): Counters =>
  JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()).c

function prepare(log: DatabaseSync) {
  const sql = (text: string): StatementSync => log.prepare(text)
  return {
    camera: sql('INSERT INTO head_cameras (cam, x, y, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING'),
    newest: sql('SELECT t, i, h, fault, jws FROM heads WHERE cam = ? ORDER BY t DESC LIMIT 2'),
    again: sql('UPDATE heads SET until = ?, signed = ?, jws = ? WHERE cam = ? AND t = ?'),
    remove: sql('DELETE FROM heads WHERE cam = ? AND t = ?'),
    insert: sql(
      'INSERT INTO heads (cam, t, until, i, h, signed, fault, jws) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
  }
}
