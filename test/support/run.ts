import { spawn, spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildViewer } from '../../start/src/viewer-build.ts'
import { missing } from './requirements.ts'
import { SUITES, type Suite } from './suites.ts'

const HELP = `npm test: types, lint, and every suite; closing line "N passed, N failed".

  npm test -- --suite e2e        one suite (${SUITES.map(suite => suite.name).join(', ')}, static); may be repeated
  npm test -- --grep "attack 15" tests whose title matches
  npm test -- --long             long forms: more repetitions, the whole table of MUSTs
  npm test -- --help
`

type Counts = { passed: number; failed: number; skipped: number }

const root = join(import.meta.dirname, '..', '..')
const bin = (program: string): string => join(root, 'node_modules', '.bin', program)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const { values: options } = parseArgs({
  options: {
    suite: { type: 'string', multiple: true },
    grep: { type: 'string' },
    long: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
if (options.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const absent = missing()
if (absent.length > 0) {
  say(`missing: ${absent.map(requirement => requirement.package).join(', ')}; run \`npm run setup\` first`)
  process.exit(1)
}
const chosen = (name: string): boolean => !options.suite || options.suite.includes(name)
const total: Counts = { passed: 0, failed: 0, skipped: 0 }

if (chosen('static') && !options.grep) checkStatically()
await buildViewer(say)
for (const suite of SUITES) {
  const files = suite.files.flatMap(pattern => globSync(pattern, { cwd: root })).sort()
  if (chosen(suite.name) && files.length > 0) add(await runSuite(suite, files))
}
checkLeaks()
if (total.passed + total.failed === 0) {
  say('no test ran')
  process.exitCode = 1
}
if (total.failed > 0) process.exitCode = 1
say(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`)
process.exit()

function add(counts: Counts): void {
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
}

/** Types of each workspace and lint of the tree: a test each. */
function checkStatically(): void {
  say('\n── static')
  const workspaces = ['protocol', 'signaling', 'camera-agent', 'viewer', 'start', 'test']
  const checks = [
    ...workspaces.map(name => ({ name: `types of ${name}`, command: [bin('tsc'), '-p', name] })),
    { name: 'lint', command: [bin('biome'), 'check', '.'] },
  ]
  for (const { name, command } of checks) {
    const { status, stdout, stderr } = spawnSync(command[0] ?? '', command.slice(1), {
      cwd: root,
      encoding: 'utf8',
    })
    say(`  ${status === 0 ? '✔' : '✘'} ${name}`)
    if (status !== 0) say(`${stdout}${stderr}`)
    add({ passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 })
  }
}

/** One mocha process per suite, so that a suite that hangs or crashes is a failure and no more. */
async function runSuite(suite: Suite, files: string[]): Promise<Counts> {
  say(`\n── ${suite.name}`)
  const folder = mkdtempSync(join(tmpdir(), 'ownsight-run-'))
  const counts = join(folder, 'counts.json')
  const grep = options.grep ? ['--grep', options.grep] : []
  const reporter = ['--reporter', join(import.meta.dirname, 'reporter.cjs')]
  const args = [bin('mocha'), '--exit', '--timeout', String(suite.timeout), ...reporter, ...grep, ...files]
  const env = { ...process.env, OWNSIGHT_COUNTS: counts, ...(options.long ? { OWNSIGHT_LONG: '1' } : {}) }
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env })
  const status = await new Promise<number | null>(resolve => child.once('exit', resolve))
  try {
    const found: Counts = JSON.parse(readFileSync(counts, 'utf8'))
    // A status without a counted failure: a hook or the process itself fell over.
    return status === 0 || found.failed > 0 ? found : { ...found, failed: 1 }
  } catch {
    say(`the suite ${suite.name} ended early (status ${status})`)
    return { passed: 0, failed: 1, skipped: 0 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What the tests started must be gone: a process of ours that still runs, a network namespace left behind. */
function checkLeaks(): void {
  const spaces = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout ?? ''
  const left = spaces.split('\n').filter(line => /^os-/.test(line))
  const processes = readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && isOurs(pid))
  for (const name of left) say(`left behind: network namespace ${name}`)
  for (const pid of processes) say(`left behind: process ${pid}: ${commandLine(pid)}`)
  if (left.length + processes.length > 0) add({ passed: 0, failed: 1, skipped: 0 })
}

const commandLine = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** Started from this checkout's programs or with a temporary folder of the tests, by a parent that is gone. */
function isOurs(pid: string): boolean {
  const command = commandLine(pid)
  if (!/ownsight-(agent|start|signaling|chromium|run)-/.test(command) || Number(pid) === process.pid)
    return false
  try {
    return (
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')[1] === '1'
    )
  } catch {
    return false
  }
}
