import { writeSync } from 'node:fs'
import type { CableOrder, CableReply, WireEnds } from './cable-orders.ts'
import { createPoll, flushConntrack, openTun, read, takePrecedence, write } from './linux.ts'
import { createWire, DIRECTIONS, type Direction, type Wire } from './wire.ts'

/**
 * The cable: carries packets between TUN devices in different namespaces, as its wires' models say. It blocks in the
 * kernel, so it is a process of its own; orders and replies are JSON lines on stdin and stdout. It ends with its stdin.
 */
const BATCH = 64
const buffer = Buffer.alloc(65_536)

/** One way through a wire: what is read from `from` comes out at `to`. */
type Way = { wire: Wire; direction: Direction; from: number; to: number }

function main(ends: readonly WireEnds[]): void {
  // What the cable is late with is delay that nobody asked for.
  takePrecedence()
  const wires = new Map<string, Wire>()
  const ways: Way[] = []
  for (const { name, home, internet, settings, seed } of ends) {
    const wire = createWire(settings, seed)
    const inner = openTun(home.namespace, home.device)
    const outer = openTun(internet.namespace, internet.device)
    ways.push({ wire, direction: 'up', from: inner, to: outer })
    ways.push({ wire, direction: 'down', from: outer, to: inner })
    wires.set(name, wire)
  }
  const poll = createPoll([0, ...ways.map(way => way.from)])
  const orders = createOrders(wires)
  say({ ready: true })
  for (;;) {
    const next = Math.min(...[...wires.values()].map(wire => wire.next()))
    const [ordered, ...readable] = poll.wait(next - performance.now())
    if (ordered && !orders()) return
    ways.forEach((way, i) => {
      if (readable[i]) pull(way)
    })
    for (const { wire, direction, to } of ways)
      for (const packet of wire.take(direction, performance.now())) write(to, packet)
  }
}

/** The time is taken for each packet: a whole batch with one time would come out early. */
function pull({ wire, direction, from }: Way): void {
  for (let i = 0; i < BATCH; i++) {
    const length = read(from, buffer)
    if (length <= 0) return
    wire.send(direction, performance.now(), Buffer.from(buffer.subarray(0, length)))
  }
}

/** @returns a function that reads and follows what has come, false at the end of stdin */
function createOrders(wires: ReadonlyMap<string, Wire>): () => boolean {
  let text = ''
  return () => {
    const length = read(0, buffer)
    if (length === 0) return false
    text += buffer.toString('utf8', 0, Math.max(0, length))
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) answer(wires, JSON.parse(line) as CableOrder)
    return true
  }
}

function answer(wires: ReadonlyMap<string, Wire>, order: CableOrder): void {
  try {
    say({ id: order.id, value: obey(wires, order) })
  } catch (error) {
    say({ id: order.id, error: (error as Error).message })
  }
}

function obey(wires: ReadonlyMap<string, Wire>, order: CableOrder): unknown {
  if (order.do === 'flush') return flushConntrack(order.namespace)
  const wire = wires.get(order.wire)
  if (!wire) throw new Error(`there is no wire "${order.wire}"`)
  const now = performance.now()
  if (order.do === 'statistics') return wire.statistics(now)
  for (const direction of order.direction ? [order.direction] : DIRECTIONS)
    if (order.do === 'set') wire.set(direction, now, order.change)
    else wire.follow(direction, now, order.trace?.[direction] ?? [], order.loop)
}

const say = (reply: CableReply): void => void writeSync(1, `${JSON.stringify(reply)}\n`)

main(JSON.parse(process.argv[2] ?? '[]') as WireEnds[])
process.exit()
