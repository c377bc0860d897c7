import type { Metrics } from './metrics.ts'

/** Connections that have proved nothing yet, counted in all and per address: a stranger cannot use up the rest. */
const PENDING_MAX = 2000
const PENDING_PER_ADDRESS = 200

export type Admission = {
  full(address: string): boolean
  opened(connection: string, address: string): void
  /** Proved, or gone. */
  settled(connection: string): void
}

export function createAdmission(metrics: Metrics): Admission {
  const pending = new Map<string, string>()
  const perAddress = new Map<string, number>()
  const count = (address: string, change: number): void => {
    const next = (perAddress.get(address) ?? 0) + change
    if (next > 0) perAddress.set(address, next)
    else perAddress.delete(address)
    metrics.connections.set({ role: 'pending' }, pending.size)
  }
  return {
    full: address => pending.size >= PENDING_MAX || (perAddress.get(address) ?? 0) >= PENDING_PER_ADDRESS,
    opened(connection, address) {
      pending.set(connection, address)
      count(address, 1)
    },
    settled(connection) {
      const address = pending.get(connection)
      if (address === undefined) return
      pending.delete(connection)
      count(address, -1)
    },
  }
}
