import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { until } from './wait.ts'

export type Started = {
  readonly child: ChildProcess
  readonly pid: number
  /** what it has written so far to stdout, and to stderr */
  stdout(): string
  stderr(): string
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** The first line on stdout, past or future, that matches. Fails when the process ends before. */
  waitForLine(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>
  /** Asks it to end with `signal`, insists with SIGKILL after five seconds, and waits until it has. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

const running = new Set<Started>()

/** Starts a program and remembers it, so that `stopAll` leaves none behind. */
export function start(command: string, args: readonly string[] = [], options: SpawnOptions = {}): Started {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', chunk => (stdout += chunk))
  child.stderr?.on('data', chunk => (stderr += chunk))
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const started: Started = {
    child,
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    waitForLine: (pattern, timeout = 20_000) => waitForLine(started, pattern, timeout),
    stop: signal => stop(started, signal),
  }
  running.add(started)
  exited.then(
    () => running.delete(started),
    () => running.delete(started),
  )
  return started
}

const ended = ({ child }: Started): boolean => child.exitCode !== null || child.signalCode !== null

async function waitForLine(started: Started, pattern: RegExp, timeout: number): Promise<RegExpExecArray> {
  const find = (): RegExpExecArray | null => {
    for (const line of started.stdout().split('\n')) {
      const match = pattern.exec(line)
      if (match) return match
    }
    if (ended(started)) throw new Error(`it ended before a line like ${pattern}: ${started.stderr()}`)
    return null
  }
  return until(find, { timeout, what: `a line like ${pattern}` })
}

async function stop(started: Started, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (!ended(started)) started.child.kill(signal)
  const insist = setTimeout(() => started.child.kill('SIGKILL'), 5000)
  await started.exited.catch(() => undefined)
  clearTimeout(insist)
}

/** Ends every process that `start` has started and that still runs. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map(started => started.stop('SIGKILL')))
}

/** Whether a process with this id exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
