import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Started, start } from '../support/processes.ts'
import type { Home } from './home.ts'
import type { Lab } from './lab.ts'
import type { Received } from './meter.ts'
import type { Direction } from './wire.ts'

const program = join(import.meta.dirname, 'meter.ts')
const PORT = 3600

const run = (prefix: readonly string[], args: readonly (string | number)[]): Started => {
  const [command = '', ...before] = prefix
  return start(command, [...before, process.execPath, '--no-warnings', program, ...args.map(String)])
}

/**
 * Sends UDP packets between a home and the server, and tells what arrived. Towards a home, that must let strangers in.
 * @param stream `size` in bytes of the IP packet
 */
export async function measure(
  lab: Lab,
  home: Home,
  stream: { direction: Direction; count: number; size: number; perSecond: number },
): Promise<Received> {
  const server = { prefix: lab.server.prefix, address: lab.server.ipv4[0] }
  const host = { prefix: home.prefix, address: home.addresses()[0] ?? '' }
  const [from, to] = stream.direction === 'up' ? [host, server] : [server, host]
  const receiver = run(to.prefix, ['receive', to.address, PORT])
  try {
    await receiver.waitForLine(/listening/)
    const sender = run(from.prefix, ['send', to.address, PORT, stream.count, stream.size, stream.perSecond])
    const { code } = await sender.exited
    if (code !== 0) throw new Error(`the sender failed: ${sender.stderr()}`)
    await drained(home, stream.direction)
    receiver.child.stdin?.end()
    const [line] = await receiver.waitForLine(/^\{.*\}$/)
    return JSON.parse(line) as Received
  } finally {
    await receiver.stop()
  }
}

/** Until nothing waits or flies on the home's line, and what came out was read. */
async function drained(home: Home, direction: Direction): Promise<void> {
  for (;;) {
    await sleep(100)
    const { queue, flying } = (await home.line.statistics())[direction]
    if (queue.packets === 0 && flying === 0) break
  }
  await sleep(100)
}
