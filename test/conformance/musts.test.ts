import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as limits from '@ownsight/protocol/limits'
import { musts } from './musts.ts'
import { mustsOf, pagePath, withTables } from './page.ts'
import { staleRow } from './proof.ts'

const page = readFileSync(pagePath, 'utf8')

describe('conformance: docs/PROTOCOL.md', () => {
  it('numbers each MUST once, in order, and every MUST has a row', () => {
    const numbered = mustsOf(page)
    assert.equal(new Set(numbered).size, numbered.length, 'a number is used twice')
    const proved = new Set(musts.map(row => row.must))
    assert.deepEqual(
      numbered.filter(must => !proved.has(must)),
      [],
      'MUSTs without a row in test/conformance/musts',
    )
    const sections = Map.groupBy(numbered, must => must.split('.')[0])
    for (const [section, list] of sections)
      assert.deepEqual(
        list,
        Array.from(list, (_, i) => `${section}.${i + 1}`),
      )
  })

  it('has the MUST of every row', () => {
    const numbered = new Set(mustsOf(page))
    assert.deepEqual(
      musts.filter(row => !numbered.has(row.must)).map(row => row.must),
      [],
    )
  })

  it('every numbered item says MUST', () => {
    for (const [item] of page.matchAll(/^- \*\*M-\d+\.\d+\*\* [\s\S]*?(?=\n- |\n\n)/gm))
      assert.match(item, /\bMUST\b/)
  })

  it('every row still finds its text, once', () => {
    assert.deepEqual(
      musts.flatMap(row => staleRow(row) ?? []),
      [],
    )
  })

  it('its tables are those of the sources (npm run musts -- --write)', () => {
    assert.equal(page, withTables(page))
  })

  it('its limits are those of limits.ts', () => {
    for (const [name, value] of Object.entries(limits))
      assert.match(page, new RegExp(`^\\| ${name} \\| ${value} \\|`, 'm'), name)
  })

  it('cites only sections it has', () => {
    const headings = new Set([...page.matchAll(/^## (\d+)\. /gm)].map(match => match[1]))
    for (const [, section] of page.matchAll(/(?<!RFC \d{4} )§(\d+)(?!\.)/g))
      assert.ok(headings.has(section), `§${section}`)
  })

  it('names every document it leans on by its public number', () => {
    assert.doesNotMatch(page, /protocol\.md|guard\.md|\.\.\/|\/work\//)
  })
})
