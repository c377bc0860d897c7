import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../support/wait.ts'

const root = join(import.meta.dirname, '../..')
const LINK = /http:\/\/127\.0\.0\.1:\d+\/#(start|in)=\S+/

type Started = { child: ChildProcess; output: () => string; exited: Promise<number | null> }

function start(data: string, options: { args?: string[]; prefix?: string[] } = {}): Started {
  const program = [
    process.execPath,
    'start/with-node.mjs',
    'start/src/main.ts',
    '--data',
    data,
    ...(options.args ?? []),
  ]
  const [command = '', ...args] = [...(options.prefix ?? []), ...program]
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', chunk => (output += chunk))
  child.stderr.on('data', chunk => (output += chunk))
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve))
  return { child, output: () => output, exited }
}

const link = (started: Started): Promise<string> =>
  until(() => LINK.exec(started.output())?.[0], { timeout: 60_000, what: 'the link' })

/** Every process of this machine whose command line or parent chain belongs to `data`. */
function processesOf(data: string): string[] {
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data)
    } catch {
      return false
    }
  })
}

describe('npm start', function () {
  this.timeout(120_000)
  let data = ''
  let running: Started[] = []
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'ownsight-start-'))
    running = []
  })
  afterEach(async () => {
    for (const each of running) if (each.child.exitCode === null) each.child.kill('SIGKILL')
    await Promise.all(running.map(each => each.exited))
    rmSync(data, { recursive: true, force: true })
  })
  const run = (options?: Parameters<typeof start>[1]): Started => {
    const started = start(data, options)
    running.push(started)
    return started
  }

  it('prints a link, ends wholly at Ctrl-C, and comes back on the same port', async () => {
    const first = run()
    const origin = new URL(await link(first)).origin
    assert.match(first.output(), /#start=/)
    first.child.kill('SIGINT')
    assert.equal(await first.exited, 0)
    assert.deepEqual(processesOf(data), [], 'no orphan')
    const second = run()
    assert.equal(new URL(await link(second)).origin, origin)
  })

  it('a second start on the same folder prints a link of the running one and ends', async () => {
    const first = run()
    const origin = new URL(await link(first)).origin
    const second = run()
    assert.equal(await second.exited, 0)
    assert.match(second.output(), /running already/)
    assert.equal(new URL(LINK.exec(second.output())?.[0] ?? '').origin, origin)
  })

  it('names who holds its port, and stops', async () => {
    const first = run()
    const port = Number(new URL(await link(first)).port)
    first.child.kill('SIGINT')
    await first.exited
    const holder = createServer().listen(port, '127.0.0.1')
    try {
      const second = run()
      assert.equal(await second.exited, 1)
      assert.match(second.output(), new RegExp(`Port ${port} is taken by .*process ${process.pid}`))
    } finally {
      holder.close()
    }
  })

  it('leaves nothing running when it is killed', async () => {
    const first = run()
    await link(first)
    first.child.kill('SIGKILL')
    await first.exited
    await until(() => processesOf(data).length === 0, { timeout: 15_000, what: 'the end of its children' })
  })

  it('says so when there is no network address but loopback', async () => {
    const namespace = `os-start-${process.pid}`
    execFileSync('ip', ['netns', 'add', namespace])
    try {
      execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
      const started = run({ prefix: ['ip', 'netns', 'exec', namespace] })
      assert.equal(await started.exited, 1)
      assert.match(started.output(), /no network address but loopback/)
    } finally {
      execFileSync('ip', ['netns', 'del', namespace])
    }
  })

  it('answers --help, and an unknown option in one line', async () => {
    const help = run({ args: ['--help'] })
    assert.equal(await help.exited, 0)
    assert.match(help.output(), /--source/)
    const unknown = run({ args: ['--sauce', 'x'] })
    assert.equal(await unknown.exited, 1)
    assert.equal(unknown.output().trim().split('\n').length, 1)
  })
})
