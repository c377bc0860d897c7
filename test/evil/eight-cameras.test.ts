import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const main = join(import.meta.dirname, '..', 'bench', 'main.ts')

/** In a process of its own: it sets clocks. */
function bench(...args: string[]): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [main, 'eight', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  for (const pipe of [child.stdout, child.stderr])
    pipe.on('data', chunk => {
      out += chunk
    })
  return new Promise(resolve => child.once('close', code => resolve({ code, out })))
}

/** The figure in the line that begins so. */
const figure = (out: string, line: string): number =>
  Number(new RegExp(`^${line}\\s+(\\d+)`, 'm').exec(out)?.[1] ?? Number.NaN)

const long = process.env.OWNSIGHT_LONG !== undefined
/** Five of the mishaps are in it. */
const SHORT = ['--visits', '24', '--hours', '1', '--seed', '164']

describe('eight cameras of one agent, mixed codecs', function () {
  this.timeout(long ? 3 * 3_600_000 : 400_000)

  it(`hold no more after ${long ? 'a day' : 'an hour'} of visits than before, and never show each other's pictures`, async () => {
    const { code, out } = await bench(...(long ? [] : SHORT))
    assert.equal(code, 0, out)
    assert.equal(figure(out, 'foreign pictures'), 0)
    // A run in which nobody sees anything, or nothing goes wrong, would pass as well.
    assert.ok(figure(out, 'pictures seen') > 100, out)
    assert.ok(figure(out, 'pipes crossed') > 0, out)
  })

  it('whose pipes are crossed while nobody checks, and who leave timers behind: both are found', async () => {
    const { code, out } = await bench(...SHORT, '--control')
    assert.equal(code, 0, out)
    assert.match(out, /found, as it must be:/)
  })
})
