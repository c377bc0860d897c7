import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Suite } from './suites.ts'
import { removeTemp, tempFolder } from './temp.ts'

export type Counts = { passed: number; failed: number; skipped: number }

const root = join(import.meta.dirname, '../..')

/** One mocha process per suite, so that a suite that hangs or falls over is a failure and no more. */
export async function runSuite(
  suite: Suite,
  files: readonly string[],
  options: { grep?: string | undefined; env: Readonly<Record<string, string>> },
): Promise<Counts> {
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
  process.stdout.write(`the suite ${suite.name} ended early (${status}; it may take ${suite.limit} min)\n`)
  return { passed: found?.passed ?? 0, failed: 1, skipped: found?.skipped ?? 0 }
}

function readCounts(path: string): Counts | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
