import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'

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
const seed = process.env.OWNSIGHT_LONG ? Date.now() % 2 ** 31 : 1
const runs = process.env.OWNSIGHT_LONG ? 20_000 : 2000

describe('model', function () {
  this.timeout(process.env.OWNSIGHT_LONG ? 1_800_000 : 240_000)

  it(`every invariant holds in ${runs} runs, seed ${seed}`, async () => {
    const { code, out } = await model('--runs', String(runs), '--seed', String(seed))
    assert.equal(code, 0, out)
  })
})
