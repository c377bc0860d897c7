import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SuiteResult } from '../support/run-suite.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'

const runner = join(import.meta.dirname, '..', 'support', 'run-suite.ts')

/** What a suite of one file comes to; mocha's own output stays in the process. */
function run(tests: string): SuiteResult {
  const folder = tempFolder('suite')
  const file = join(folder, 'some.test.mjs')
  writeFileSync(file, tests)
  const suite = { name: 'some', files: '', timeout: 5000, limit: 1, secondTries: 0 }
  const program = `
    const { runSuite } = await import(${JSON.stringify(runner)})
    const found = await runSuite(${JSON.stringify(suite)}, [${JSON.stringify(file)}], { env: {} })
    console.log('\\n' + JSON.stringify(found))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  })
  removeTemp(folder)
  assert.ok(stdout.trim(), stderr)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

describe('the runner of the suites', () => {
  it('fails a test during which a promise was rejected that nobody handles, and goes on', () => {
    const { passed, failures, failed } = run(`
      const rejectIn = ms => setTimeout(() => Promise.reject(new Error('in ' + ms)), ms)
      const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
      it('has passed when it is known', () => { Promise.reject(new Error('at once')) })
      it('fine', () => wait(1))
      it('is still running', async () => { rejectIn(5); await wait(50) })
      it('nothing is said', async () => { Promise.reject(); await wait(50) })
      it('leaves one behind', () => { rejectIn(20) })
      it('has to do with that', () => wait(50))
      it('handles its own', () => Promise.reject(new Error('handled')).catch(() => undefined))`)
    assert.deepEqual(
      failures.map(({ title }) => title),
      ['has passed when it is known', 'is still running', 'nothing is said', 'has to do with that'],
    )
    assert.deepEqual(
      failures.map(({ message }) => message).filter(message => /^(at once|in \d+)$/.test(message)),
      ['at once', 'in 5', 'in 20'],
    )
    assert.equal(failed, 4)
    assert.ok(passed >= 3)
  })

  it('has no fault with tests that pass', () => {
    const { passed, failed } = run(`it('one', () => undefined); it('two', async () => undefined)`)
    assert.deepEqual({ passed, failed }, { passed: 2, failed: 0 })
  })

  it('counts a suite that ends before its last test as failed', () => {
    const { failures } = run(`it('one', () => process.exit(0)); it('two', () => undefined)`)
    assert.match(failures[0]?.message ?? '', /ended early/)
  })
})
