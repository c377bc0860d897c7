import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isInstalled, judge, VARIANTS, variantText } from './proverif.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/os1.pv'), 'utf8')

describe('symbolic model', function () {
  this.timeout(1_200_000)

  it('each variant takes out what it says, and asks what it says', () => {
    for (const variant of VARIANTS) {
      const made = variantText(text, variant)
      assert.equal(/^ *\(\*CONFIRM\*\)/m.test(made), !variant.without.includes('CONFIRM'))
      assert.equal(/^ *\(\*POSSESSION\*\)/m.test(made), !variant.without.includes('POSSESSION'))
    }
  })

  for (const variant of VARIANTS)
    it(`${variant.name} (long form, where ProVerif is installed)`, async function () {
      // Debian bookworm has no package of it; docs/MODEL.md says how to get it.
      if (!isInstalled() || !process.env.OWNSIGHT_LONG) return this.skip()
      assert.equal(await judge(variant), undefined)
    })
})
