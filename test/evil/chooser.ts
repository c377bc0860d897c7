import { FAULT_NAMES, FAULTS, type FaultName } from './faults.ts'
import type { HttpRequest, HttpResponse } from './http-front.ts'
import type { Packet } from './link.ts'
import type { Fault, World } from './world.ts'

/** `rate`: of all packets, the share that something is done to. `weights`: which faults, and how often each. */
export type RandomFaults = { rate: number; weights?: Partial<Record<FaultName, number>> }

export type Directed = {
  /** how many packets or responses it may touch; without it, all */
  times?: number
  when?: (packet: Packet) => boolean
}

type Order = Directed & { name: FaultName; fault: Fault; left: number }

/** Decides what is done to each message: first what a test ordered, then what chance brings. */
export function createChooser(world: World) {
  const made = Object.fromEntries(FAULT_NAMES.map(name => [name, FAULTS[name]()])) as Record<FaultName, Fault>
  let orders: Order[] = []
  let random: RandomFaults | undefined

  function draw(): FaultName[] {
    if (!random || world.random() >= random.rate) return []
    const { weights = EVEN } = random
    // Weighted shuffle: the first that has something to do with the packet is done.
    return FAULT_NAMES.map(name => ({ name, weight: weights[name] ?? 0 }))
      .filter(({ weight }) => weight > 0)
      .map(({ name, weight }) => ({ name, key: world.random() ** (1 / weight) }))
      .sort((a, b) => b.key - a.key)
      .map(({ name }) => name)
  }

  /** The first fault, ordered or drawn, for which `apply` gives something. */
  function first<T>(apply: (fault: Fault) => T | undefined, packet?: Packet): T | undefined {
    for (const order of orders) {
      if (order.left <= 0 || (packet && order.when && !order.when(packet))) continue
      const done = apply(order.fault)
      if (done === undefined) continue
      order.left--
      world.count(order.name)
      return done
    }
    for (const name of draw()) {
      const done = apply(made[name])
      if (done === undefined) continue
      world.count(name)
      return done
    }
    return undefined
  }

  return {
    /** From now on, until the returned function is called. A fresh copy of the fault, with nothing remembered. */
    order(name: FaultName, directed: Directed = {}): () => void {
      const order = {
        ...directed,
        name,
        fault: FAULTS[name](),
        left: directed.times ?? Number.POSITIVE_INFINITY,
      }
      orders.push(order)
      return () => {
        orders = orders.filter(each => each !== order)
      }
    },
    randomly(faults: RandomFaults | undefined): void {
      random = faults
    },
    packet: (packet: Packet) => first(fault => fault.packet?.(packet, world), packet) ?? [packet],
    request: (request: HttpRequest) => first(fault => fault.request?.(request, world)) ?? { request },
    response: async (response: HttpResponse, request: HttpRequest) =>
      (await first(fault => fault.response?.(response, request, world))) ?? response,
  }
}

/** Each fault that does not outlast its message, as often as any other. */
const EVEN: Partial<Record<FaultName, number>> = Object.fromEntries(
  FAULT_NAMES.filter(name => !FAULTS[name]().lasting).map(name => [name, 1]),
)
