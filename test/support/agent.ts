import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Report } from '@ownsight/camera-agent/status'

const program = join(import.meta.dirname, '..', '..', 'camera-agent', 'src', 'main.ts')

/** A camera agent in a process of its own, started through its real command line. */
export type TestAgent = {
  readonly child: ChildProcess
  readonly data: string
  readonly reports: Report[]
  readonly stderr: () => string
  /** The first report, past or future, that `wanted` accepts. */
  report<T extends Report>(wanted: (report: Report) => report is T, from?: number): Promise<T>
  report(wanted: (report: Report) => boolean, from?: number): Promise<Report>
  code(): Promise<string>
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Kills it and removes its data folder. */
  dispose(): Promise<void>
}

export type AgentOptions = {
  server: string
  cameras?: { name: string; source: unknown; audio?: boolean }[]
  network?: unknown
  data?: string
  nodeArgs?: string[]
  /** more arguments of the agent itself */
  args?: string[]
  env?: Record<string, string>
  /** command put in front, such as `strace -f …` or `ip netns exec …` */
  prefix?: string[]
}

export function startAgent(options: AgentOptions): TestAgent {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'ownsight-agent-'))
  const file = join(data, 'test-config.json')
  const cameras = options.cameras ?? [
    { name: 'Door', source: { kind: 'test-pattern', width: 320, height: 180, fps: 10 } },
  ]
  const network = options.network === undefined ? {} : { network: options.network }
  writeFileSync(
    file,
    JSON.stringify({ server: options.server, data: join(data, 'data'), cameras, ...network }),
    { mode: 0o600 },
  )
  const command = [
    ...(options.prefix ?? []),
    process.execPath,
    ...(options.nodeArgs ?? []),
    program,
    '--config',
    file,
    '--json',
    ...(options.args ?? []),
  ]
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    // A group of its own, so that strace and what it traces end together.
    detached: options.prefix !== undefined,
  })
  const reports: Report[] = []
  const waiting = new Set<() => void>()
  let errors = ''
  createInterface({ input: child.stdout }).on('line', line => {
    if (!line.startsWith('{')) return
    reports.push(JSON.parse(line))
    for (const wake of waiting) wake()
  })
  child.stderr.on('data', chunk => (errors += chunk))
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(resolve =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  )

  function report(wanted: (report: Report) => boolean, from = 0): Promise<Report> {
    const { promise, resolve, reject } = Promise.withResolvers<Report>()
    const look = () => {
      const found = reports.slice(from).find(wanted)
      if (!found) return
      waiting.delete(look)
      resolve(found)
    }
    waiting.add(look)
    look()
    void exited.then(() => reject(new Error(`the agent ended: ${errors}`)))
    return promise
  }
  async function kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (child.exitCode === null && child.signalCode === null)
      if (options.prefix && child.pid) process.kill(-child.pid, signal)
      else child.kill(signal)
    await exited
  }
  return {
    child,
    data,
    reports,
    stderr: () => errors,
    report: report as TestAgent['report'],
    code: async () =>
      codeOf(await report(each => each.event === 'pairing-code', lastIndexOf(reports, 'pairing-code'))),
    exited,
    kill,
    dispose: async () => {
      await kill('SIGKILL')
      rmSync(data, { recursive: true, force: true })
    },
  }
}

const lastIndexOf = (reports: Report[], event: Report['event']): number =>
  Math.max(
    0,
    reports.findLastIndex(report => report.event === event),
  )

export const isEvent =
  <E extends Report['event']>(event: E, camera?: string) =>
  (report: Report): report is Extract<Report, { event: E }> =>
    report.event === event && (camera === undefined || ('camera' in report && report.camera === camera))

const codeOf = (report: Report): string => (report.event === 'pairing-code' ? report.code : '')

/** A paired camera that is reachable through its server. */
export const isServing = (report: Report): boolean => report.event === 'online' && !report.note
