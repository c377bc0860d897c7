import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { KEY_LIFE_MS, type Pseudonyms } from './pseudonyms.ts'
import type { Database } from './store/database.ts'

/** Deletes what is past its time, at the start and every hour: a little at once, so that nobody waits for it. */

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const CHUNK = 2000

type Kept = { db: Database; log: DatabaseSync; pseudonyms: Pseudonyms; folder: string; days: number }

export function startRetention(kept: Kept): { close(): Promise<void> } {
  const stop = new AbortController()
  let running: Promise<void> = Promise.resolve()
  const run = (): void => {
    running = running.then(() => purge(kept, Date.now(), stop.signal)).catch(() => undefined)
  }
  run()
  const timer = setInterval(run, HOUR_MS).unref()
  return {
    async close() {
      clearInterval(timer)
      stop.abort()
      await running
    },
  }
}

/** @param now milliseconds since the epoch */
export async function purge(kept: Kept, now: number, signal?: AbortSignal): Promise<void> {
  const { db, log, pseudonyms, folder, days } = kept
  pseudonyms.destroyOld(now)
  const seconds = Math.floor(now / 1000)
  await db.deleteFrom('sessions').where('expires', '<=', seconds).execute()
  await db.deleteFrom('tokens').where('expires', '<=', seconds).execute()
  await db.deleteFrom('reaches').where('expires', '<=', seconds).execute()
  removeCopies(folder, now - KEY_LIFE_MS)
  const before = now - days * DAY_MS
  for (const [table, column] of TIMED) {
    // The time of the last row of a chunk, and then all of that time: rows have no number of their own.
    const end = log.prepare(
      `SELECT ${column} AS t FROM ${table} WHERE ${column} < ? ORDER BY ${column} LIMIT 1 OFFSET ${CHUNK}`,
    )
    const remove = log.prepare(`DELETE FROM ${table} WHERE ${column} < ?`)
    for (let more = true; more && !signal?.aborted; await new Promise(setImmediate)) {
      const t = end.get(before)?.t
      more = t !== undefined
      remove.run(more ? Number(t) + 1 : before)
    }
  }
  if (signal?.aborted) return
  log.prepare('DELETE FROM missing WHERE last < ?').run(before)
  // A run's messages are never younger than its last sign of life.
  log.prepare('DELETE FROM runs WHERE seen < ?').run(before)
  log.prepare('DELETE FROM head_cameras WHERE since < ? AND cam NOT IN (SELECT cam FROM heads)').run(before)
}

const TIMED = [
  ['routed', 't'],
  ['sessions', 'first'],
  ['minutes', 't'],
  ['camera_days', 't'],
  ['heads', 't'],
] as const

/** What was kept when the schema changed holds what was deleted since. */
function removeCopies(folder: string, before: number): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    if (/\.before-schema-\d+$/.test(name) && statSync(file).mtimeMs < before) rmSync(file, { force: true })
  }
}
