import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Inside, Measure } from '../../support/inside.ts'

/** What one process holds at a moment in which nothing is under way. */
export type Holding = Measure & {
  /** open files by kind: socket, pipe, anon_inode, file */
  files: { [kind: string]: number }
  children: number
  /** bytes of their resident memory */
  childrenRss: number
  threads: number
}

export async function holdingOf(pid: number, inside: Inside): Promise<Holding> {
  const measured = await inside.measure()
  const children = childrenOf(pid)
  return {
    ...measured,
    files: filesOf(pid),
    children: children.length,
    childrenRss: children.reduce((total, each) => total + rssOf(each), 0),
    threads: threadsOf(pid),
  }
}

const rssOf = (pid: number): number => Number(field(pid, 'VmRSS') ?? 0) * 1024
const threadsOf = (pid: number): number => Number(field(pid, 'Threads') ?? 0)

function field(pid: number, name: string): string | undefined {
  try {
    return new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

function filesOf(pid: number): { [kind: string]: number } {
  const kinds: { [kind: string]: number } = {}
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const kind = kindOf(`/proc/${pid}/fd/${fd}`)
    if (kind) kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return kinds
}

function kindOf(path: string): string | undefined {
  try {
    const target = readlinkSync(path)
    return /^[a-z_]+(?=:)/.exec(target)?.[0] ?? 'file'
  } catch {
    return undefined
  }
}

/** Those that run; of the agent, its media processes. */
export const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number)
    .filter(pid => {
      const [state, ppid] = statOf(pid)
      return Number(ppid) === parent && state !== 'Z'
    })

function statOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
  } catch {
    return []
  }
}

export const sum = (counts: { [kind: string]: number }): number =>
  Object.values(counts).reduce((total, each) => total + each, 0)
