import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Memory } from './judge.ts'

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

/** What stays: waits up to `patience` ms for both to fall to `most`, and says what they are then. */
export async function settle(pids: Pids, most: Memory, patience: number): Promise<Memory> {
  const end = performance.now() + patience
  for (;;) {
    const now = readMemory(pids)
    if ((now.signaling <= most.signaling && now.agent <= most.agent) || performance.now() > end) return now
    await sleep(500)
  }
}
