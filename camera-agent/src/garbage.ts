import { setFlagsFromString } from 'node:v8'

/** What V8 does on other threads of its own accord, and here does on the one that sends. */
export const FLAGS = [
  '--no-concurrent-array-buffer-sweeping',
  '--no-concurrent-marking',
  '--no-concurrent-sweeping',
  '--no-parallel-scavenge',
] as const

/**
 * Lets the garbage of this process be collected on its main thread. Every packet that leaves has been in buffers which
 * live for a moment. Freed on other threads they are counted as there for too long: V8 takes its external memory to be
 * full and goes through the whole heap about once a second, with 20 viewers of 2 Mbit/s. Freed at once they do not add
 * up, and threads wake for little work no more: a packet costs a fifth to a quarter less (docs/BENCH.md), for some 30 MiB
 * that are given back later. An unknown flag is no fault: V8 says so on standard error and goes on.
 */
export function collectOnThisThread(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
}
