import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { KEPT_MAX, type Memory } from './judge.ts'

/** Resident bytes of one process; 0 once it is gone. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

export type Pids = { readonly signaling: number; readonly agent: number }

export const readMemory = ({ signaling, agent }: Pids): Memory => ({
  signaling: residentBytes(signaling),
  agent: residentBytes(agent),
})

/** Looks ten times a second; `take` gives the highest since the last `take`. */
export function watchMemory(pids: Pids): { take(): Memory; close(): void } {
  let peak = readMemory(pids)
  const look = (): void => {
    const { signaling, agent } = readMemory(pids)
    peak = { signaling: Math.max(peak.signaling, signaling), agent: Math.max(peak.agent, agent) }
  }
  const timer = setInterval(look, 100)
  return {
    take() {
      look()
      const taken = peak
      peak = readMemory(pids)
      return taken
    },
    close: () => clearInterval(timer),
  }
}

/** What stays: waits up to `patience` ms for most of the growth to be gone, and says what there is then. */
export async function settle(pids: Pids, before: Memory, patience: number): Promise<Memory> {
  const end = performance.now() + patience
  const isBack = (now: number, then: number): boolean => now - then < KEPT_MAX / 2
  for (;;) {
    const now = readMemory(pids)
    const back = isBack(now.signaling, before.signaling) && isBack(now.agent, before.agent)
    if (back || performance.now() > end) return now
    await sleep(500)
  }
}

/** Datagrams that the kernel threw away because nobody took them in time, at these ports of this machine. */
export function droppedAt(ports: readonly number[]): number {
  return ['/proc/net/udp', '/proc/net/udp6']
    .flatMap(file => readFileSync(file, 'utf8').split('\n').slice(1))
    .map(line => line.trim().split(/\s+/))
    .filter(([, local = '']) => ports.includes(Number.parseInt(local.split(':').at(-1) ?? '', 16)))
    .reduce((sum, columns) => sum + Number(columns.at(-1)), 0)
}
