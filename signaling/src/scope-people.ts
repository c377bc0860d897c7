import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { readPseudonyms } from './pseudonyms.ts'
import { pseudText } from './routed-log-writer.ts'
import { inRuns, SESSION_MS } from './scope-sessions.ts'
import type { Run, Window } from './scope-window.ts'

/** Whose pseudonyms stand in a window, for whoever has to tell them. Nobody, once the keys of its weeks are gone. */
export type People = { pseudonym: string; account: string | null }[]

export function peopleOf(log: DatabaseSync, folder: string, window: Window, runs: readonly Run[]): People {
  if (runs.length === 0) return []
  const found = log
    .prepare(
      `SELECT DISTINCT pseud FROM (
        SELECT run, from_pseud AS pseud FROM sessions WHERE first >= $early AND first < $to AND last >= $from
        UNION ALL SELECT run, to_pseud FROM sessions WHERE first >= $early AND first < $to AND last >= $from
        UNION ALL SELECT run, from_pseud FROM routed WHERE suspect = 1 AND t >= $from AND t < $to
        UNION ALL SELECT run, to_pseud FROM routed WHERE suspect = 1 AND t >= $from AND t < $to)
      WHERE pseud IS NOT NULL AND ${inRuns(runs)}`,
    )
    .all({ from: window.from, to: window.to, early: window.from - SESSION_MS })
  const names = namesOf(folder, window)
  return found
    .map(({ pseud }) => ({ pseudonym: pseudText(Number(pseud)), account: names.get(Number(pseud)) ?? null }))
    .sort((a, b) => (a.account ?? '~').localeCompare(b.account ?? '~'))
}

/** Every account's pseudonym in every week of the window whose key still exists. */
function namesOf(folder: string, { from, to }: Window): Map<number, string> {
  const file = join(folder, 'signaling.sqlite')
  if (!existsSync(file)) return new Map()
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
  const accounts = db.prepare('SELECT id, name FROM accounts').all()
  db.close()
  const names = new Map<number, string>()
  for (const pseudonym of readPseudonyms(folder, from - SESSION_MS, to))
    for (const { id, name } of accounts) names.set(pseudonym(String(id)), String(name))
  return names
}
