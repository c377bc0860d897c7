import { execFileSync, spawnSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { writeScopeData } from './scope-data.ts'

const program = join(import.meta.dirname, '..', '..', 'signaling', 'src', 'main.ts')

const DAY = 86_400_000
const DAYS = 90
const CAMERAS = 1044
const HEADS = 180

/**
 * Times `ownsight-signaling scope` as a person on call meets it: a new process each time, and once with the file out
 * of the machine's memory.
 * @returns a table
 */
export async function benchScope(rows: number): Promise<string> {
  const folder = tempFolder('scope')
  try {
    const to = Math.floor(Date.now() / DAY) * DAY
    const from = to - DAYS * DAY
    await writeScopeData({ folder, rows, cameras: CAMERAS, heads: HEADS, runs: 30, from, to })
    // What was just written is still on its way to the disk, and would be timed too.
    execFileSync('sync')
    const bytes = statSync(join(folder, 'routed.sqlite')).size
    const hour = [from + 45 * DAY, from + 45 * DAY + DAY / 24] as const
    const lines = [
      line('all 90 days', time(folder, from, to)),
      line('all 90 days, nothing in memory', dropCaches() ? time(folder, from, to) : undefined),
      line('all 90 days, one build', time(folder, from, to, '--build', '0.1.1')),
      line('all 90 days, first 1000 sessions, JSON', time(folder, from, to, '--sessions', '1000', '--json')),
      line('44 days, to the second', time(folder, from + 12_345_678, from + 44 * DAY + 987_654)),
      line('one hour', time(folder, ...hour)),
    ]
    return [
      `${rows} messages of ${CAMERAS} cameras in ${DAYS} days, ${CAMERAS * HEADS} signed heads: ${(bytes / 2 ** 30).toFixed(2)} GiB`,
      '',
      ...lines,
    ].join('\n')
  } finally {
    removeTemp(folder)
  }
}

const line = (what: string, seconds: number | undefined): string =>
  `${what.padEnd(42)} ${seconds === undefined ? '  (needs root)' : `${seconds.toFixed(2).padStart(6)} s`}`

/** Wall time of the whole process; seconds. */
function time(folder: string, from: number, to: number, ...more: string[]): number {
  const iso = (t: number) => new Date(t).toISOString()
  const args = [program, 'scope', '--data', folder, '--from', iso(from), '--to', iso(to), ...more]
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { maxBuffer: 2 ** 30 })
  if (status !== 0) throw new Error(`scope ended with ${status}: ${stderr}`)
  return (performance.now() - start) / 1000
}

function dropCaches(): boolean {
  try {
    execFileSync('sync')
    writeFileSync('/proc/sys/vm/drop_caches', '3')
    return true
  } catch {
    return false
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { rows: { type: 'string' } } })
  process.stdout.write(`${await benchScope(Number(values.rows ?? 10_000_000))}\n`)
}
