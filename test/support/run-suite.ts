import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Suite } from './suites.ts'
import { removeTemp, tempFolder } from './temp.ts'

export type Counts = { passed: number; failed: number; skipped: number }
export type Failure = { file: string; title: string; message: string }
type Found = Counts & { failures: readonly Failure[] }
/** `unsteady`: what failed at first, in files that passed when they were run again */
export type SuiteResult = Found & { unsteady: readonly Failure[] }
type Options = { grep?: string | undefined; env: Readonly<Record<string, string>> }

/** Of wait.ts, and of mocha. */
const WAIT = /^waited .* in vain|^Timeout of /s

const root = join(import.meta.dirname, '../..')

export async function runSuite(
  suite: Suite,
  files: readonly string[],
  options: Options,
): Promise<SuiteResult> {
  const first = await runFiles(suite, files, options)
  const failedFiles = [...new Set(first.failures.map(failure => failure.file))]
  const known = failedFiles.every(file => file.startsWith(root))
  const mayAgain = !suite.onlyWaits || first.failures.every(failure => WAIT.test(failure.message))
  if (first.failed === 0 || !known || !mayAgain || failedFiles.length > suite.secondTries)
    return { ...first, unsteady: [] }
  for (const file of failedFiles) {
    const name = relative(root, file)
    process.stdout.write(`\n── ${suite.name}: ${name} once more, alone\n`)
    const { failed } = await runFiles(suite, [name], options)
    if (failed > 0) return { ...first, unsteady: [] }
  }
  return { ...first, passed: first.passed + first.failed, failed: 0, failures: [], unsteady: first.failures }
}

/** One mocha process, so that a suite that hangs or falls over is a failure and no more. */
async function runFiles(suite: Suite, files: readonly string[], options: Options): Promise<Found> {
  const folder = tempFolder('counts')
  const counts = join(folder, 'counts.json')
  const args = [
    join(root, 'node_modules/mocha/bin/mocha.js'),
    ...['--no-config', '--exit', '--forbid-only', '--timeout', String(suite.timeout)],
    ...['--reporter', join(import.meta.dirname, 'reporter.cjs')],
    ...(options.grep === undefined ? [] : ['--grep', options.grep]),
    ...files,
  ]
  const env = { ...process.env, ...options.env, OWNSIGHT_COUNTS: counts }
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env })
  const late = setTimeout(() => child.kill('SIGKILL'), suite.limit * 60_000)
  const status = await new Promise<number | string | null>(resolve =>
    child.once('exit', (code, signal) => resolve(code ?? signal)),
  )
  clearTimeout(late)
  const found = readCounts(counts)
  removeTemp(folder)
  if (found && (status === 0 || found.failed > 0)) return found
  // A suite that ended before its last test, or with a status that no counted failure explains.
  const message = `it ended early (${status}; it may take ${suite.limit} min)`
  process.stdout.write(`the suite ${suite.name}: ${message}\n`)
  const early = { file: 'unknown', title: `the suite ${suite.name}`, message }
  return { passed: found?.passed ?? 0, failed: 1, skipped: found?.skipped ?? 0, failures: [early] }
}

function readCounts(path: string): Found | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
