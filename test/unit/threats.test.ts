import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** docs/THREATS.md says which test shows what: each must be there, and every attack and fault must have its row. */
const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/THREATS.md'), 'utf8')

type Named = { title: string; file: string }

const namedIn = (text: string): Named[] =>
  [...text.matchAll(/`([^`]+)` \((test\/[^)]+)\)/g)].map(([, title = '', file = '']) => ({ title, file }))

/** The first cell, what must be seen, and how it is shown, of each row that starts with `label`. */
const rows = (label: RegExp): string[][] =>
  page
    .split('\n')
    .filter(line => line.startsWith('| ') && label.test(line))
    .map(line => line.split(' | ').map(cell => cell.replace(/^\| | \|$/g, '')))

/** Whether `file` has a test or a group of tests whose title holds `title`. */
function fault({ title, file }: Named): string | undefined {
  const path = join(root, file)
  if (!existsSync(path)) return `${file} does not exist`
  const text = readFileSync(path, 'utf8')
  for (const [, call = ''] of text.matchAll(/\b(?:it|describe)\(\s*([`'"].*)/g))
    if (call.includes(title)) return undefined
  return `${file} has no test "${title}"`
}

describe('THREATS.md', () => {
  it('names tests that exist', () => {
    const named = namedIn(page)
    assert.ok(named.length > 80, `${named.length} tests are named`)
    assert.deepEqual(
      named.map(fault).filter(each => each !== undefined),
      [],
    )
  })

  it('would notice a test that is gone, and one that is only spoken of', () => {
    assert.match(fault({ title: 'no such thing', file: 'test/unit/threats.test.ts' }) ?? '', /has no test/)
    assert.match(fault({ title: 'attack 1', file: 'test/unit/gone.test.ts' }) ?? '', /does not exist/)
    assert.match(
      fault({ title: 'docs/THREATS.md says which', file: 'test/unit/threats.test.ts' }) ?? '',
      /has no test/,
    )
  })

  const attacks = [...Array.from({ length: 34 }, (_, i) => i + 1), ...[43, 44, 45, 46, 47, 48]]
  const faults = Array.from({ length: 26 }, (_, i) => i + 1)
  for (const [kind, labels] of [
    ['attack', attacks.map(String)],
    ['fault', faults.map(number => `F${number}`)],
  ] as const)
    it(`has one row for each ${kind}: tests, or what is open`, () => {
      for (const label of labels) {
        const found = rows(new RegExp(`^\\| ${label} `))
        assert.equal(found.length, 1, `${label} has ${found.length} rows`)
        const [name, seen, shown = ''] = found[0] ?? []
        assert.ok(name && seen, label)
        assert.ok(
          namedIn(shown).length > 0 || /\bopen\b|not yet/.test(shown),
          `${label} names no test and is not open`,
        )
      }
    })
})
