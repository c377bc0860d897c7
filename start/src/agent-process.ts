import { type ChildProcess, fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Report } from '@ownsight/camera-agent/status'

const program = join(import.meta.dirname, '..', '..', 'camera-agent', 'src', 'main.ts')

export type AgentProcess = { readonly exited: Promise<number | null>; stop(): Promise<void> }

/** Starts the camera agent as a process of its own. Its configuration may hold a password: a file 0600, not argv. */
export function startAgent(
  data: string,
  config: { server: string; name: string; source: string },
  onReport: (report: Report) => void,
): AgentProcess {
  const file = join(data, 'camera.json')
  const { server, name, source } = config
  const content = { server, data: join(data, 'camera'), cameras: [{ name, source }] }
  writeFileSync(file, JSON.stringify(content, null, 2), { mode: 0o600 })
  const child = fork(program, ['--config', file, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: true, // Ctrl-C reaches only us: we end it in order
  })
  if (child.stdout) createInterface({ input: child.stdout }).on('line', line => onReport(JSON.parse(line)))
  const { promise: exited, resolve } = Promise.withResolvers<number | null>()
  child.once('exit', code => resolve(code))
  return { exited, stop: () => stop(child, exited) }
}

async function stop(child: ChildProcess, exited: Promise<number | null>): Promise<void> {
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 5000)
  await exited
  clearTimeout(force)
}
