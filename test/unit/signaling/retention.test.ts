import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { openPseudonyms, type Pseudonyms } from '@ownsight/signaling/pseudonyms'
import { purge } from '@ownsight/signaling/retention'
import { LOG_FILE, LOG_MIGRATIONS } from '@ownsight/signaling/routed-log-schema'
import { openRowWriter, type Row, type Session } from '@ownsight/signaling/routed-log-writer'
import { type Database, openDatabase, openFile } from '@ownsight/signaling/store/database'
import { removeTemp, tempFolder } from '../../support/temp.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 21)
const CAM = 'c'.repeat(43)

const aRow = (t: number, session?: Session): Row => ({
  t,
  typ: 'offer',
  result: 'sent',
  fromConn: 1,
  toConn: 2,
  fromPseud: 3,
  toPseud: 4,
  asked: CAM,
  reached: CAM,
  size: 4000,
  suspect: false,
  ...(session ? { session } : {}),
})
const aSession = (t: number): Session => ({
  sid: new Uint8Array(16),
  asked: CAM,
  first: t,
  last: t,
  messages: 0,
  suspect: false,
  result: '',
})

describe('retention', () => {
  let folder: string
  let db: Database
  let log: DatabaseSync
  let pseudonyms: Pseudonyms
  beforeEach(() => {
    folder = tempFolder('retention')
    db = openDatabase(folder)
    log = openFile(folder, LOG_FILE, LOG_MIGRATIONS)
    pseudonyms = openPseudonyms(folder)
  })
  afterEach(async () => {
    pseudonyms.close()
    log.close()
    await db.destroy()
    removeTemp(folder)
  })

  const kept = (days: number) => ({ db, log, pseudonyms, folder, days })
  const count = (table: string): number => Number(log.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
  const write = (times: number[]) => {
    const run = { build: '1', instance: String(times[0]), integration: 'own' }
    const writer = openRowWriter(log, run, times[0] ?? 0)
    assert.ok(writer.write(times.map(t => aRow(t, aSession(t)))))
    writer.close(times.at(-1) ?? 0)
  }

  it('deletes messages, sessions and runs past their time, in chunks, and nothing younger', async () => {
    const old = Array.from({ length: 5500 }, (_, i) => NOW - 91 * DAY - 60_000 + i)
    const young = Array.from({ length: 500 }, (_, i) => NOW - 89 * DAY + i)
    write(old)
    write(young)
    log
      .prepare('INSERT INTO missing (run, first, last, rows) VALUES (1, ?, ?, 3)')
      .run(old[0] ?? 0, old[1] ?? 0)
    await purge(kept(90), NOW)
    assert.deepEqual(['routed', 'sessions', 'runs', 'missing'].map(count), [500, 500, 1, 0])
    await purge(kept(1), NOW)
    assert.deepEqual(['routed', 'sessions', 'runs'].map(count), [0, 0, 0])
  })

  it('leaves no byte of what it deleted in the file', async () => {
    const [old, young] = [aSession(NOW - 91 * DAY), aSession(NOW - DAY)].map(session => ({
      ...session,
      sid: randomBytes(16),
    }))
    assert.ok(old && young)
    const writer = openRowWriter(log, { build: '1', instance: 'a', integration: 'own' }, old.first)
    writer.write([aRow(old.first, old), aRow(young.first, young)])
    const bytes = (): Buffer => {
      log.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      return Buffer.concat(readdirSync(folder).map(name => readFileSync(join(folder, name))))
    }
    assert.deepEqual([bytes().includes(old.sid), bytes().includes(young.sid)], [true, true])
    await purge(kept(90), NOW)
    assert.deepEqual([bytes().includes(old.sid), bytes().includes(young.sid)], [false, true])
  })

  it('deletes expired sign-ins, codes and guests’ ways, and copies from before a change of schema', async () => {
    const [past, future] = [NOW / 1000 - 1, NOW / 1000 + 60]
    await db.insertInto('accounts').values({ id: 'a', name: 'a', password: null, created: 1 }).execute()
    for (const [name, expires] of [
      ['past', past],
      ['future', future],
    ] as const) {
      await db.insertInto('sessions').values({ hash: name, account: 'a', expires }).execute()
      const token = {
        hash: name,
        kind: 'invitation' as const,
        account: null,
        expires,
        camera: null,
        until: null,
      }
      await db.insertInto('tokens').values(token).execute()
    }
    const [aged, fresh] = [1, 2].map(n => join(folder, `signaling.sqlite.before-schema-${n}`))
    for (const [copy, days] of [
      [aged, 91],
      [fresh, 89],
    ] as const) {
      writeFileSync(copy ?? '', '')
      utimesSync(copy ?? '', (NOW - days * DAY) / 1000, (NOW - days * DAY) / 1000)
    }
    await purge(kept(90), NOW)
    const left = async (table: 'sessions' | 'tokens') =>
      (await db.selectFrom(table).select('hash').execute()).map(row => row.hash)
    assert.deepEqual([await left('sessions'), await left('tokens')], [['future'], ['future']])
    assert.deepEqual(
      [aged, fresh].map(copy => existsSync(copy ?? '')),
      [false, true],
    )
  })

  it('stops at once when the server does', async () => {
    write(Array.from({ length: 6000 }, (_, i) => NOW - 91 * DAY + i))
    const stop = new AbortController()
    const purged = purge(kept(90), NOW, stop.signal)
    stop.abort()
    await purged
    assert.ok(count('routed') >= 4000)
  })
})
