import { createHmac, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createPrivately } from './store/database.ts'

/**
 * Stand-ins for accounts in the log of routed messages: the same one within a week, and nothing to anybody without
 * that week's key. The keys lie in a file of their own and are destroyed after 90 days; from then on nobody can say
 * whose rows those were, whoever has a copy of the log.
 */

const WEEK_MS = 7 * 86_400_000
export const KEY_LIFE_MS = 90 * 86_400_000
export const KEY_FILE = 'pseudonyms.sqlite'

export type Pseudonyms = {
  /** 48 bits. @param t milliseconds since the epoch */
  of(account: string, t: number): number
  /** Makes every key that began 90 days ago or earlier impossible to read. Returns how many. */
  destroyOld(now: number): number
  close(): void
}

export function openPseudonyms(folder: string): Pseudonyms {
  const file = join(folder, KEY_FILE)
  createPrivately(folder, file)
  const db = new DatabaseSync(file, { timeout: 5000 })
  // No write-ahead log: a key that was deleted would live on in it. secure_delete writes zeros over what is deleted.
  db.exec(`PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
    CREATE TABLE IF NOT EXISTS keys (week INTEGER PRIMARY KEY, key BLOB NOT NULL) STRICT;`)
  const insert = db.prepare('INSERT INTO keys (week, key) VALUES (?, ?) ON CONFLICT DO NOTHING')
  const select = db.prepare('SELECT key FROM keys WHERE week = ?')
  const remove = db.prepare('DELETE FROM keys WHERE week <= ?')
  let known: { week: number; key: Uint8Array } | undefined

  const keyOf = (week: number): Uint8Array => {
    if (known?.week === week) return known.key
    // Two servers on one folder agree: the first to write a week's key wins.
    insert.run(week, randomBytes(32))
    known = { week, key: select.get(week)?.key as Uint8Array }
    return known.key
  }
  return {
    of: (account, t) => stand(keyOf(weekOf(t)), account),
    destroyOld(now) {
      const { changes } = remove.run(weekOf(now - KEY_LIFE_MS))
      if (Number(changes) === 0) return 0
      known = undefined
      db.exec('VACUUM')
      return Number(changes)
    },
    close: () => db.close(),
  }
}

/** The pseudonyms of each week between two times whose key there still is: read only. */
export function readPseudonyms(folder: string, from: number, to: number): ((account: string) => number)[] {
  const file = join(folder, KEY_FILE)
  if (!existsSync(file)) return []
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
  const rows = db.prepare('SELECT key FROM keys WHERE week BETWEEN ? AND ?').all(weekOf(from), weekOf(to))
  db.close()
  return rows.map(
    ({ key }) =>
      account =>
        stand(key as Uint8Array, account),
  )
}

const stand = (key: Uint8Array, account: string): number =>
  createHmac('sha256', key).update(account).digest().readUIntBE(0, 6)

const weekOf = (t: number): number => Math.floor(t / WEEK_MS)
