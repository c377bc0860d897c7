import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { MUTANTS, runMutant, stands } from './mutants.ts'

const main = join(import.meta.dirname, 'main.ts')

/** The model has a time and a crypto of its own, so it runs in a process of its own. */
function model(...args: string[]): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  return new Promise(resolve => child.once('close', code => resolve({ code, out })))
}

/** The same ones in every short run, new ones in a long one. */
const long = process.env.OWNSIGHT_LONG !== undefined
const seed = long ? Date.now() % 2 ** 31 : 1
const runs = long ? 20_000 : 2000

/** Found within a few hundred runs; `npm run model -- --mutants` shows them all. */
const QUICK = [
  'live without a confirm',
  'an accepted policy is not stored',
  'sessions are not judged by a new policy',
  'the MAC of a pairing is not compared',
]

describe('model', function () {
  this.timeout(long ? 3_600_000 : 300_000)

  it(`every invariant holds in ${runs} runs, seed ${seed}`, async () => {
    const { code, out } = await model('--runs', String(runs), '--seed', String(seed))
    assert.equal(code, 0, out)
    // A model in which nothing happens would hold as well.
    const [, live = 0, shown = 0] = /(\d+) sessions live, (\d+) shown/.exec(out)?.map(Number) ?? []
    assert.ok(live > runs / 4 && shown > runs / 4, out)
  })

  it('every check that a mutant takes away still stands in the source, once', () => {
    assert.deepEqual(
      MUTANTS.filter(each => !stands(each)).map(each => each.name),
      [],
    )
  })

  for (const one of MUTANTS.filter(each => long || QUICK.includes(each.name)))
    it(`notices when ${one.name}`, async () => {
      const { found, out } = await runMutant(one, long ? 20_000 : 2000, 1)
      assert.ok(found, out)
    })

  it('--help says how, and a wrong number is refused', async () => {
    assert.match((await model('--help')).out, /--mutants/)
    assert.equal((await model('--runs', 'many')).code, 1)
  })
})
