import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { keyId, type PublicKey } from '@ownsight/protocol/ids'
import { openHead } from '@ownsight/protocol/log-chain'
import type { Counters } from '@ownsight/protocol/messages'
import { faultOf } from './heads.ts'

/**
 * What the cameras themselves say about a window, by the heads they signed: each counts, since the camera was paired,
 * what it refused and (never, one hopes) whom it showed a picture without a right to it. The server cannot write them.
 */
export type CameraWord = {
  cam: string
  /** Since when the growth is counted: the head before the window; null: since it was paired. */
  since: string | null
  /** Until when its word reaches; null: it says nothing of this window. */
  until: string | null
  /** sessions that became live without a right, by its own count */
  foreign: number
  /** refusals by code, without those that honest viewers cause */
  refused: { [code: string]: number }
  /** why its word is not enough */
  doubt?: Doubt
}
export type Doubt = 'no_head' | 'head_too_early' | 'contradiction' | 'bad_signature'

/** Refusals that come of ordinary life: everything else is somebody, or something, at the wrong door. */
const ORDINARY = new Set([
  'stale_win',
  'clock',
  'expired',
  'no_right',
  'busy',
  'private',
  'limit',
  'not_live',
])

type Camera = { cam: string; key: PublicKey }
type Stored = { t: number; until: number; signed: number; fault: string | null; jws: string }
type Opened = { i: number; h: string; c: Counters }

export type HeadReader = {
  cameras: Camera[]
  read(camera: Camera, from: number, to: number): Promise<CameraWord>
}

export function readHeads(log: DatabaseSync): HeadReader {
  const statements = prepare(log)
  const cameras = log
    .prepare('SELECT cam, x, y FROM head_cameras ORDER BY cam')
    .all()
    .map(({ cam, x, y }) => ({ cam: String(cam), key: { x: String(x), y: String(y) } }))
  return { cameras, read: (camera, from, to) => readOne(statements, camera, from, to) }
}

async function readOne(
  statements: ReturnType<typeof prepare>,
  { cam, key }: Camera,
  from: number,
  to: number,
): Promise<CameraWord> {
  const silent: CameraWord = { cam, since: null, until: null, foreign: 0, refused: {} }
  const heads = choose(statements, cam, from, to)
  const last = heads.at(-1)
  if (!last || reach(last) <= from) return { ...silent, doubt: 'no_head' }
  // The key is the one its id is the hash of, or this is no head of this camera.
  if ((await keyId(key)) !== cam) return { ...silent, doubt: 'bad_signature' }
  const opened = await Promise.all(heads.map(head => openHead(head.jws, key, cam).catch(() => undefined)))
  const sound = opened.filter(head => head !== undefined)
  if (sound.length < heads.length) return { ...silent, doubt: 'bad_signature' }
  const [first] = heads
  const known = first && first.t <= from
  const word: CameraWord = {
    cam,
    since: known ? new Date(first.t).toISOString() : null,
    until: new Date(reach(last)).toISOString(),
    ...growth(known ? sound : [{ c: NOTHING }, ...sound]),
  }
  const broken = heads.some(
    ({ t, fault }, k) =>
      t > from && (fault || (k > 0 && faultOf(sound[k - 1] as Opened, sound[k] as Opened))),
  )
  if (broken) return { ...word, doubt: 'contradiction' }
  return reach(last) < to ? { ...word, doubt: 'head_too_early' } : word
}

/** The head before the window and the first that speaks for all of it; those between only where they contradict. */
function choose(statements: ReturnType<typeof prepare>, cam: string, from: number, to: number): Stored[] {
  const before = statements.before.get(cam, from) as Stored | undefined
  const inside = statements.before.get(cam, to) as Stored | undefined
  const after = statements.after.get(cam, to) as Stored | undefined
  const last = inside && reach(inside) >= to ? inside : (after ?? inside)
  if (!last) return []
  if (statements.fault.get(cam, from, last.t))
    return statements.between.all(cam, before?.t ?? 0, last.t) as Stored[]
  return before && before.t < last.t ? [before, last] : [last]
}

/** Until when a head speaks: when it was signed, by whichever clock is earlier. */
const reach = (head: Stored): number => Math.min(head.until, head.signed + 1000)

const NOTHING: Counters = { live: 0, ended: 0, foreign: 0, refused: {} }

/** Each rise counts, also where a count fell between two of them. */
function growth(heads: { c: Counters }[]) {
  let foreign = 0
  const refused: { [code: string]: number } = {}
  for (const [k, { c }] of heads.entries()) {
    const before = heads[k - 1]?.c
    if (!before) continue
    foreign += Math.max(0, c.foreign - before.foreign)
    for (const [code, times] of Object.entries(c.refused)) {
      const more = times - (before.refused[code] ?? 0)
      if (more > 0 && !ORDINARY.has(code)) refused[code] = (refused[code] ?? 0) + more
    }
  }
  return { foreign, refused }
}

function prepare(log: DatabaseSync) {
  const sql = (text: string): StatementSync => log.prepare(text)
  const columns = 'SELECT t, until, signed, fault, jws FROM heads WHERE cam = ?'
  return {
    before: sql(`${columns} AND t <= ? ORDER BY t DESC LIMIT 1`),
    after: sql(`${columns} AND t > ? ORDER BY t LIMIT 1`),
    between: sql(`${columns} AND t >= ? AND t <= ? ORDER BY t`),
    fault: sql('SELECT 1 FROM heads WHERE cam = ? AND t > ? AND t <= ? AND fault IS NOT NULL LIMIT 1'),
  }
}
