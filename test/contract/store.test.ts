import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Database, openDatabase } from '@ownsight/signaling/store/database'
import { MIGRATIONS } from '@ownsight/signaling/store/migrations'

/** What the rest of the server expects of its store, whichever database is behind Kysely. */
const stores = [
  { name: 'node:sqlite', open: (folder: string, options = {}) => openDatabase(folder, options) },
]

for (const { name, open } of stores)
  describe(`store contract: ${name}`, () => {
    let folder: string
    let db: Database
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'ownsight-store-'))
      db = open(folder)
    })
    afterEach(async () => {
      await db.destroy()
      rmSync(folder, { recursive: true })
    })
    const account = (id: string, called = id) =>
      db.insertInto('accounts').values({ id, name: called, password: null, created: 1 }).execute()

    it('writes, reads, updates, deletes', async () => {
      await account('a', 'Anna')
      const rows = await db.selectFrom('accounts').selectAll().execute()
      assert.deepEqual({ ...rows[0] }, { id: 'a', name: 'Anna', password: null, created: 1 })
      assert.equal(rows.length, 1)
      const updated = await db
        .updateTable('accounts')
        .set({ password: 'x' })
        .where('id', '=', 'a')
        .executeTakeFirst()
      assert.equal(updated.numUpdatedRows, 1n)
      const deleted = await db.deleteFrom('accounts').where('id', '=', 'a').returning('name').execute()
      assert.deepEqual(
        deleted.map(row => row.name),
        ['Anna'],
      )
    })

    it('keeps what it returned after it was opened again', async () => {
      await account('a')
      await db.destroy()
      db = open(folder)
      assert.equal((await db.selectFrom('accounts').selectAll().execute()).length, 1)
    })

    it('a failed transaction leaves nothing', async () => {
      const failing = db.transaction().execute(async tx => {
        await tx.insertInto('accounts').values({ id: 'a', name: 'a', password: null, created: 1 }).execute()
        throw new Error('half way')
      })
      await assert.rejects(failing, /half way/)
      assert.equal((await db.selectFrom('accounts').selectAll().execute()).length, 0)
    })

    it('concurrent transactions take turns', async () => {
      await account('a')
      const step = () =>
        db.transaction().execute(async tx => {
          const row = await tx.selectFrom('accounts').select('created').executeTakeFirstOrThrow()
          await new Promise(setImmediate)
          await tx
            .updateTable('accounts')
            .set({ created: row.created + 1 })
            .execute()
        })
      await Promise.all(Array.from({ length: 20 }, step))
      assert.equal((await db.selectFrom('accounts').select('created').executeTakeFirstOrThrow()).created, 21)
    })

    it('refuses a second account of a name, a stranger’s session, a value of another type', async () => {
      await account('a', 'Anna')
      await assert.rejects(account('b', 'anna'), /UNIQUE/)
      await assert.rejects(
        db.insertInto('sessions').values({ hash: 'h', account: 'nobody', expires: 1 }).execute(),
        /FOREIGN KEY/,
      )
      const wrong = { id: 'c', name: 'c', password: null, created: 'yesterday' as unknown as number }
      await assert.rejects(db.insertInto('accounts').values(wrong).execute(), /cannot store TEXT/)
    })

    it('never builds a query from text', async () => {
      const nasty = `x'; DROP TABLE accounts; --`
      await account('a', nasty)
      assert.equal(
        (await db.selectFrom('accounts').selectAll().where('name', '=', nasty).execute()).length,
        1,
      )
    })

    it('reports each durable write once', async () => {
      await db.destroy()
      const commits: number[] = []
      db = open(folder, { onCommit: (seconds: number) => commits.push(seconds) })
      await account('a')
      await db.selectFrom('accounts').selectAll().execute()
      await db.transaction().execute(async tx => {
        await tx.updateTable('accounts').set({ created: 2 }).execute()
        await tx.updateTable('accounts').set({ created: 3 }).execute()
      })
      assert.equal(commits.length, 2)
    })
  })

describe('the SQLite file', () => {
  let folder: string
  let file: string
  const opened: Database[] = []
  const open = (migrations?: readonly string[]): Database => {
    const db = openDatabase(folder, migrations ? { migrations } : {})
    opened.push(db)
    return db
  }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ownsight-store-'))
    file = join(folder, 'signaling.sqlite')
  })
  afterEach(async () => {
    for (const db of opened.splice(0)) await db.destroy()
    rmSync(folder, { recursive: true })
  })
  const close = async () => {
    for (const db of opened.splice(0)) await db.destroy()
  }
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
  const version = (path: string) => {
    const db = new DatabaseSync(path, { readOnly: true })
    const row = db.prepare('PRAGMA user_version').get()
    db.close()
    return row?.user_version
  }

  it('is for its owner’s eyes, whatever the umask and whatever stood there', async () => {
    chmodSync(folder, 0o755)
    const before = process.umask(0)
    try {
      await open().insertInto('accounts').values({ id: 'a', name: 'a', password: null, created: 1 }).execute()
    } finally {
      process.umask(before)
    }
    assert.equal(mode(folder), '700')
    for (const name of readdirSync(folder)) assert.equal(mode(join(folder, name)), '600', name)
    assert.ok(readdirSync(folder).includes('signaling.sqlite-wal'))
  })

  it('keeps a copy before each step of its schema, and none for the first', async () => {
    await open().insertInto('accounts').values({ id: 'a', name: 'a', password: null, created: 1 }).execute()
    await close()
    assert.deepEqual(readdirSync(folder), ['signaling.sqlite'])
    const steps = [...MIGRATIONS, 'ALTER TABLE accounts ADD COLUMN more TEXT', 'DROP TABLE rosters']
    open(steps)
    await close()
    assert.equal(version(file), steps.length)
    for (let step = MIGRATIONS.length + 1; step <= steps.length; step++) {
      const copy = `${file}.before-schema-${step}`
      assert.equal(version(copy), step - 1)
      assert.equal(mode(copy), '600')
      const db = new DatabaseSync(copy, { readOnly: true })
      assert.equal(db.prepare('SELECT name FROM accounts').all().length, 1)
      assert.equal(db.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
      db.close()
    }
  })

  it('a step that fails leaves the data as it was', async () => {
    await open().insertInto('accounts').values({ id: 'a', name: 'a', password: null, created: 1 }).execute()
    await close()
    const broken = [...MIGRATIONS, 'DROP TABLE rosters; DELETE FROM accounts; CREATE TABLE nonsense (']
    assert.throws(() => open(broken), /syntax|incomplete/)
    assert.equal(version(file), MIGRATIONS.length)
    const db = open()
    assert.equal((await db.selectFrom('accounts').selectAll().execute()).length, 1)
    assert.equal((await db.selectFrom('rosters').selectAll().execute()).length, 0)
  })

  it('refuses data of a newer version and leaves it alone', async () => {
    open()
    await close()
    open([...MIGRATIONS, 'CREATE TABLE tomorrow (x TEXT) STRICT'])
    await close()
    assert.throws(() => open(), /written by a newer Ownsight[\s\S]*Update the signaling server/)
    assert.equal(version(file), MIGRATIONS.length + 1)
    assert.ok(existsSync(`${file}.before-schema-${MIGRATIONS.length + 1}`))
  })
})
