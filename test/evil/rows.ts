import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The operator's hand in the server's database, while the server runs. Every swap undoes itself when made twice. */
export type Rows = {
  /** Two cameras change accounts. */
  swapCameras(a: string, b: string): void
  /** Two accounts, by id, change sealed camera lists. */
  swapRosters(a: string, b: string): void
  /** Two viewer devices change accounts. */
  swapDevices(a: string, b: string): void
  /** Two cookies' secrets change accounts. */
  swapSessions(a: string, b: string): void
  /** Account ids by name. */
  account(name: string): string | undefined
  accountOfSession(secret: string): string | undefined
  accountOfDevice(key: string): string | undefined
  cameras(): { id: string; account: string }[]
  /** Takes the roster of this moment, to put it back later: an old one is a rollback. */
  roster(account: string): { version: number; sealed: string } | undefined
  putRoster(account: string, roster: { version: number; sealed: string }): void
  close(): void
}

type Row = { [column: string]: string | number }

export function openRows(folder: string): Rows {
  const db = new DatabaseSync(join(folder, 'signaling.sqlite'), { timeout: 5000 })
  const read = (sql: string, ...values: (string | number)[]) =>
    db.prepare(sql).get(...values) as Row | undefined
  const write = (sql: string, ...values: (string | number)[]) => void db.prepare(sql).run(...values)
  const hash = (secret: string) => createHash('sha256').update(secret).digest('base64url')

  /** Exchanges `account` between the rows whose `key` column holds `a` and `b`. */
  function swapAccounts(table: 'cameras' | 'devices' | 'sessions', key: string, a: string, b: string): void {
    const [first, second] = [a, b].map(
      each => read(`SELECT account FROM ${table} WHERE ${key} = ?`, each)?.account,
    )
    if (first === undefined || second === undefined) throw new Error(`no such row of ${table}`)
    write(`UPDATE ${table} SET account = ? WHERE ${key} = ?`, second, a)
    write(`UPDATE ${table} SET account = ? WHERE ${key} = ?`, first, b)
  }
  const roster = (account: string) =>
    read('SELECT version, sealed FROM rosters WHERE account = ?', account) as
      | { version: number; sealed: string }
      | undefined
  const putRoster = (account: string, { version, sealed }: { version: number; sealed: string }): void =>
    write(
      'INSERT OR REPLACE INTO rosters (account, version, sealed) VALUES (?, ?, ?)',
      account,
      version,
      sealed,
    )

  return {
    swapCameras: (a, b) => swapAccounts('cameras', 'id', a, b),
    swapDevices: (a, b) => swapAccounts('devices', 'key', a, b),
    swapSessions: (a, b) => swapAccounts('sessions', 'hash', hash(a), hash(b)),
    swapRosters(a, b) {
      const [first, second] = [roster(a), roster(b)]
      for (const account of [a, b]) write('DELETE FROM rosters WHERE account = ?', account)
      if (second) putRoster(a, second)
      if (first) putRoster(b, first)
    },
    account: name => read('SELECT id FROM accounts WHERE name = ?', name)?.id as string | undefined,
    accountOfSession: secret =>
      read('SELECT account FROM sessions WHERE hash = ?', hash(secret))?.account as string | undefined,
    accountOfDevice: key =>
      read('SELECT account FROM devices WHERE key = ?', key)?.account as string | undefined,
    cameras: () => db.prepare('SELECT id, account FROM cameras').all() as { id: string; account: string }[],
    roster,
    putRoster,
    close: () => db.close(),
  }
}
