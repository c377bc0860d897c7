import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A program of this folder in a namespace, with a channel for messages. */
export type Child<To, From extends { is: string }> = {
  readonly pid: number
  send(message: To): void
  /** The next message of this kind. Rejects when the process ends before. */
  hears<K extends From['is']>(is: K): Promise<Extract<From, { is: K }>>
  close(): Promise<void>
}

export function startChild<To, From extends { is: string }>(
  program: string,
  how: { prefix: readonly string[]; env: NodeJS.ProcessEnv },
): Child<To, From> {
  const [command = '', ...args] = [...how.prefix, process.execPath, join(import.meta.dirname, program)]
  const child = spawn(command, args, { env: how.env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    pid: child.pid ?? -1,
    send: message => void child.send(message as object),
    hears: is =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error(`${program} ended`))
        child.once('exit', ended)
        child.on('message', function look(message) {
          if ((message as From).is !== is) return
          child.off('exit', ended)
          child.off('message', look)
          resolve(message as never)
        })
      }),
    close: () => close(child),
  }
}

async function close(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.disconnect()
  const insist = setTimeout(() => child.kill('SIGKILL'), 3000)
  await exit
  clearTimeout(insist)
}

/** USER_HZ of Linux, to ms */
const TICK_MS = 10

/** CPU that a process has taken so far, ms (proc_pid_stat(5): utime and stime). */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** ms in which all cores of the machine did something, and ms in all (proc_stat(5)). */
export function machineTime(): { busy: number; all: number } {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, ...rest] = (
    readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  )
    .split(/\s+/)
    .slice(1, 9)
    .map(Number)
  const busy = user + nice + system + rest.reduce((sum, each) => sum + each, 0)
  return { busy: busy * TICK_MS, all: (busy + idle + wait) * TICK_MS }
}
