import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Group } from '../../mutate/groups.ts'
import type { Fate, Mutant } from '../../mutate/mutant.ts'
import { mutate } from '../../mutate/mutate.ts'
import { removeTemp, tempFolder } from '../../support/temp.ts'

const source = `const names = ['no', 'yes']

export function isAdult(years: number): string {
  return names[years >= 18 ? 1 : 0]!
}

export function larger(a: number, b: number): number {
  return a > b ? a : b
}

export function sum(count: number): number {
  let total = 0
  for (let i = 0; i < count; i++) total += i
  return total
}

export const nobody = (): string => 'asks'
`

const test = `import assert from 'node:assert/strict'
import { isAdult, larger, sum } from '../src/age.ts'

describe('age', () => {
  it('begins at 18', () => assert.deepEqual([17, 18].map(isAdult), ['no', 'yes']))
  it('the larger one', () => assert.deepEqual([larger(1, 2), larger(2, 1), larger(2, 2)], [2, 2, 2]))
  it('adds up', () => assert.equal(sum(4), 6))
})
`

/** A tree of one source and one test, tried whole. */
describe('mutants: a run', function () {
  this.timeout(120_000)
  let mutants: Mutant[]
  let tree: string
  const group: Group = { name: 'age', sources: ['src/age.ts'], tests: ['test/age.test.ts'], timeout: 5000 }
  const fate = (from: string, to: string): Fate | undefined =>
    mutants.find(mutant => mutant.from === from && mutant.to === to)?.fate

  before(async () => {
    tree = tempFolder('mutate')
    for (const folder of ['src', 'test']) mkdirSync(join(tree, folder))
    writeFileSync(join(tree, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(tree, 'src/age.ts'), source)
    writeFileSync(join(tree, 'test/age.test.ts'), test)
    mutants = await mutate(tree, group, { jobs: 1 })
  })
  after(() => removeTemp(tree))

  it('a moved boundary dies', () => assert.equal(fate('years >= 18', 'years > 18'), 'killed'))

  it('one that no input tells from the original survives', () =>
    assert.equal(fate('a > b', 'a >= b'), 'survived'))

  it('one that acts while its module loads dies', () => assert.equal(fate("['no', 'yes']", '[]'), 'killed'))

  it('one that never ends is stopped', () => assert.equal(fate('i++', 'i--'), 'timeout'))

  it('what no test reaches is said to be so', () => assert.equal(fate("'asks'", '""'), 'uncovered'))

  it('the source is as it was, and the process where it was', () => {
    assert.equal(readFileSync(join(tree, 'src/age.ts'), 'utf8'), source)
    assert.notEqual(process.cwd(), tree)
  })

  it('a sample has so many, the same ones for one seed', async () => {
    const draw = async (): Promise<string[]> => {
      const drawn = await mutate(tree, group, { jobs: 1, sample: { count: 2, seed: '7' } })
      return drawn.map(({ from, to }) => `${from} → ${to}`).sort()
    }
    const first = await draw()
    assert.equal(first.length, 2)
    assert.deepEqual(await draw(), first)
  })

  it('a test that fails once before the first mutant is tried again', async () => {
    const busy = "  let runs = 0\n  it('in time', () => assert.notEqual(++runs, 1))\n})\n"
    writeFileSync(join(tree, 'test/age.test.ts'), test.replace(/}\)\n$/, busy))
    const again = await mutate(tree, group, { jobs: 1, quiet: true })
    assert.equal(again.length, mutants.length)
    assert.equal(again.find(({ from, to }) => from === 'a > b' && to === 'a >= b')?.fate, 'survived')
  })

  it('a test that fails as things are is an error, not a killed mutant', async () => {
    writeFileSync(join(tree, 'test/age.test.ts'), test.replace("'yes'])", "'no'])"))
    await assert.rejects(mutate(tree, group, { jobs: 1, quiet: true }))
  })
})
