import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { start } from '../support/processes.ts'
import type { CableOrder, CableReply, Traces, WireEnds } from './cable-orders.ts'
import type { LinkStatistics } from './link.ts'
import type { LinkSettings } from './link-settings.ts'
import type { Direction } from './wire.ts'

/** The process that carries all wires of a lab. Each promise is kept when the cable has done it. */
export type Cable = {
  readonly pid: number
  /** @param direction none: both. @throws Error that names the field */
  set(wire: string, change: Partial<LinkSettings>, direction?: Direction): Promise<void>
  /** Rate, delay and loss as the trace says, from now on; null: they stay as they are. */
  follow(wire: string, trace: Traces | null, options?: { loop?: boolean }): Promise<void>
  statistics(wire: string): Promise<Record<Direction, LinkStatistics>>
  /** Forgets the connections that a namespace tracks. */
  flush(namespace: string): Promise<void>
  close(): Promise<void>
}

const program = join(import.meta.dirname, 'cable-process.ts')

type Unnumbered<T> = T extends CableOrder ? Omit<T, 'id'> : never

/** Makes the devices of all wires; they go with the process. Needs root and Node 26.1, the first with `node:ffi`. */
export async function startCable(wires: readonly WireEnds[]): Promise<Cable> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 26 || (major === 26 && minor < 1))
    throw new Error(`the network lab needs Node 26.1 or newer, this is ${process.version}: npm ci brings it`)
  const started = start(process.execPath, ['--no-warnings', program, JSON.stringify(wires)])
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let orders = 0
  const ended = started.exited.then(() => {
    throw new Error(`the cable has ended: ${started.stderr()}`)
  })
  ended.catch((error: unknown) => {
    for (const each of waiting.values()) each.reject(error)
  })
  createInterface({ input: started.child.stdout! }).on('line', line => {
    const reply = JSON.parse(line) as CableReply
    if ('ready' in reply) return
    const one = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('error' in reply) one?.reject(new Error(reply.error))
    else one?.resolve(reply.value)
  })
  const order = (what: Unnumbered<CableOrder>): Promise<unknown> => {
    const one = Promise.withResolvers<unknown>()
    const id = ++orders
    waiting.set(id, one)
    started.child.stdin?.write(`${JSON.stringify({ id, ...what })}\n`)
    return Promise.race([one.promise, ended])
  }
  await started.waitForLine(/"ready"/)
  return {
    pid: started.pid,
    set: async (wire, change, direction) =>
      void (await order({ do: 'set', wire, change, ...(direction ? { direction } : {}) })),
    follow: async (wire, trace, { loop = false } = {}) =>
      void (await order({ do: 'follow', wire, trace, loop })),
    statistics: async wire => (await order({ do: 'statistics', wire })) as Record<Direction, LinkStatistics>,
    flush: async namespace => void (await order({ do: 'flush', namespace })),
    close: () => started.stop(),
  }
}
