import { execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { listNamespaces } from './namespaces.ts'
import { isAlive } from './processes.ts'
import { removeTemp, tempFolder } from './temp.ts'
import { until } from './wait.ts'

/** What one run of the tests starts, told apart from all else on the machine, and looked for when the run is over. */
export type Watch = {
  /** for everything the run starts: its mark, and a folder of its own for temporary files */
  readonly env: { readonly OWNSIGHT_TEST_RUN: string; readonly TMPDIR: string }
  /** Ends and removes what is still there, and returns a line for each process and network namespace. */
  close(): Promise<string[]>
}

export function watchForLeaks(): Watch {
  const folder = tempFolder('run')
  // As the machine's own: a confined process is another user.
  chmodSync(folder, 0o1777)
  const before = namespaces()
  return {
    env: { OWNSIGHT_TEST_RUN: folder, TMPDIR: folder },
    close: async () => {
      const settled = () => processesOf(folder).length === 0
      await until(settled, { timeout: 5000, what: 'the end of all processes' }).catch(() => undefined)
      const processes = processesOf(folder)
      const left = namespaces().filter(name => !before.includes(name) && !isSomebodyElses(name))
      const lines = [
        ...processes.map(
          pid => `process ${pid}: ${read(pid, 'cmdline').replaceAll('\0', ' ').slice(0, 300)}`,
        ),
        ...left.map(name => `network namespace ${name}`),
      ]
      for (const pid of processes) process.kill(pid, 'SIGKILL')
      for (const name of left) execFileSync('ip', ['netns', 'del', name])
      removeTemp(folder)
      return lines
    },
  }
}

/** By the environment it was given, or, where a program overwrote that (browsers do), by its command line. */
function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number)
    .filter(pid => pid !== process.pid && isAlive(pid))
    .filter(pid => read(pid, 'environ').includes(folder) || read(pid, 'cmdline').includes(folder))
}

function read(pid: number, file: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

function namespaces(): string[] {
  try {
    return listNamespaces()
  } catch {
    return []
  }
}

/** Tests put their process id into the name: one that still runs belongs to another run. */
const isSomebodyElses = (name: string): boolean => {
  const [pid] = /\d+/.exec(name) ?? []
  return pid !== undefined && isAlive(Number(pid))
}
