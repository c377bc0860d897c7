import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { KEY_FILE, KEY_LIFE_MS, openPseudonyms } from '@ownsight/signaling/pseudonyms'
import { removeTemp, tempFolder } from '../../support/temp.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 21)

describe('pseudonyms in the log', () => {
  let folder: string
  beforeEach(() => (folder = tempFolder('pseudonyms')))
  afterEach(() => removeTemp(folder))

  const keys = (): Uint8Array[] => {
    const db = new DatabaseSync(join(folder, KEY_FILE), { readOnly: true })
    const all = db.prepare('SELECT key FROM keys ORDER BY week').all()
    db.close()
    return all.map(row => row.key as Uint8Array)
  }
  const everyByte = (): Buffer =>
    Buffer.concat(readdirSync(folder).map(name => readFileSync(join(folder, name))))

  it('are the same within a week, also after a restart, and others in the next', () => {
    const first = openPseudonyms(folder)
    const pseudonym = first.of('alice', NOW)
    assert.notEqual(first.of('bob', NOW), pseudonym)
    assert.notEqual(first.of('alice', NOW + 7 * DAY), pseudonym)
    first.close()
    const second = openPseudonyms(folder)
    assert.equal(second.of('alice', NOW), pseudonym)
    assert.ok(pseudonym >= 0 && pseudonym < 2 ** 48)
    second.close()
  })

  it('lose their key after 90 days: its bytes are in no file any more', () => {
    const pseudonyms = openPseudonyms(folder)
    const before = pseudonyms.of('alice', NOW)
    for (let week = 1; week <= 14; week++) pseudonyms.of('alice', NOW + week * 7 * DAY)
    const [oldest, ...younger] = keys()
    assert.ok(oldest && everyByte().includes(oldest), 'the search finds a key that is there')
    assert.equal(pseudonyms.destroyOld(NOW + KEY_LIFE_MS), 1)
    assert.ok(!everyByte().includes(oldest))
    assert.deepEqual(keys(), younger)
    for (const key of younger) assert.ok(everyByte().includes(key))
    assert.notEqual(pseudonyms.of('alice', NOW), before, 'nobody can compute it again')
    pseudonyms.close()
  })

  it('keep their keys for their owner’s eyes', () => {
    openPseudonyms(folder).close()
    assert.equal(statSync(join(folder, KEY_FILE)).mode & 0o777, 0o600)
    assert.equal(statSync(folder).mode & 0o777, 0o700)
  })
})
