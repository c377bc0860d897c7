import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Started, start } from '../support/processes.ts'
import type { Home } from './home.ts'
import type { Lab } from './lab.ts'
import type { Received } from './meter.ts'

const program = join(import.meta.dirname, 'meter.ts')
const PORT = 3600

const run = (prefix: readonly string[], args: readonly (string | number)[]): Started => {
  const [command = '', ...before] = prefix
  return start(command, [...before, process.execPath, '--no-warnings', program, ...args.map(String)])
}

/**
 * Sends UDP packets out of a home to the server and tells what arrived.
 * @param stream `size` in bytes of the IP packet
 */
export async function measureUp(
  lab: Lab,
  home: Home,
  stream: { count: number; size: number; perSecond: number },
): Promise<Received> {
  const [address] = lab.server.ipv4
  const receiver = run(lab.server.prefix, ['receive', address, PORT])
  try {
    await receiver.waitForLine(/listening/)
    const sender = run(home.prefix, ['send', address, PORT, stream.count, stream.size, stream.perSecond])
    const { code } = await sender.exited
    if (code !== 0) throw new Error(`the sender failed: ${sender.stderr()}`)
    await drained(home)
    receiver.child.stdin?.end()
    const [line] = await receiver.waitForLine(/^\{.*\}$/)
    return JSON.parse(line) as Received
  } finally {
    await receiver.stop()
  }
}

/** Until nothing waits or flies on the home's line, and what came out was read. */
async function drained(home: Home): Promise<void> {
  for (;;) {
    await sleep(100)
    const { up } = await home.line.statistics()
    if (up.queue.packets === 0 && up.flying === 0) break
  }
  await sleep(100)
}
