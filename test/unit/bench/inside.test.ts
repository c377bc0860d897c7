import assert from 'node:assert/strict'
import { join } from 'node:path'
import { insideOf, lookInside } from '../../support/inside.ts'
import { start, stopAll } from '../../support/processes.ts'
import { removeTemp, tempFolder } from '../../support/temp.ts'

/** A minute that comes round, what is due in an hour and called off, and a short timer. */
const PROGRAM = `
  import { setTimeout as fromModule } from 'node:timers'
  const began = { date: Date.now(), monotonic: performance.now() }
  const say = what => console.log(what, Math.round((Date.now() - began.date) / 1000), Math.round((performance.now() - began.monotonic) / 1000))
  setInterval(say, 60_000, 'minute')
  fromModule(say, 90_000, 'once')
  const off = setTimeout(say, 100_000, 'never')
  setTimeout(() => clearTimeout(off), 80_000)
  setInterval(() => say('short'), 3000)
  console.log('ready')
`

describe('bench: a program that is looked into', function () {
  this.timeout(30_000)
  let folder: string
  beforeEach(() => {
    folder = tempFolder('inside')
  })
  afterEach(async () => {
    await stopAll()
    removeTemp(folder)
  })

  it('is moved in time: its clocks and long timers, and no short one', async () => {
    const path = join(folder, 'socket')
    const { nodeArgs, env } = insideOf(path)
    const program = start(process.execPath, [...nodeArgs, '--input-type=module', '-e', PROGRAM], {
      env: { ...process.env, ...env },
    })
    await program.waitForLine(/ready/)
    const inside = await lookInside(path)
    for (let i = 0; i < 12; i++) await inside.advance(10_000)
    await program.waitForLine(/minute 12\d/)
    inside.close()
    const lines = program
      .stdout()
      .split('\n')
      .filter(line => /minute|once|never/.test(line))
    assert.equal(lines.length, 3, lines.join())
    const due = { minute: [60, 120], once: [90] }
    assert.deepEqual(
      lines.map(line => line.split(' ')[0]),
      ['minute', 'once', 'minute'],
    )
    for (const line of lines) {
      const [what, ...clocks] = line.split(' ')
      for (const clock of clocks)
        assert.ok(
          due[what as 'minute' | 'once'].some(at => Number(clock) >= at && Number(clock) <= at + 10),
          line,
        )
    }
    const short = program
      .stdout()
      .split('\n')
      .filter(line => line.startsWith('short'))
    assert.ok(short.length < 10, short.join())
  })

  it('says what it holds, after all that can go has gone', async () => {
    const path = join(folder, 'socket')
    const { nodeArgs, env } = insideOf(path)
    const code = `
      globalThis.kept = []
      setInterval(() => { if (counting.more) { counting.more--; kept.push(Buffer.alloc(1e6), setInterval(() => {}, 1e6)); Buffer.alloc(5e6) } }, 10)
      console.log('ready')`
    const program = start(process.execPath, [...nodeArgs, '-e', code], { env: { ...process.env, ...env } })
    await program.waitForLine(/ready/)
    const inside = await lookInside(path)
    const before = await inside.measure()
    await inside.set('more', 20)
    let after = await inside.measure()
    while (after.counts.more) after = await inside.measure()
    inside.close()
    assert.equal((after.resources.Timeout ?? 0) - (before.resources.Timeout ?? 0), 20)
    const grown = (after.outside - before.outside) / 1e6
    assert.ok(grown > 19 && grown < 30, `${grown} MB`)
  })
})
