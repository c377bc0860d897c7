import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { mutatePacket } from './chance.ts'
import type { Load } from './load.ts'

export const PER_SECOND = 10_000
const BATCH = 20

/** To the ports that honest sessions use, from a socket of a stranger on the same machine: real datagrams, changed. */
export const strangersPackets: Load = async ({ amounts, by, media }) => {
  const socket = createSocket('udp4')
  socket.on('error', () => undefined)
  socket.bind(0)
  await once(socket, 'listening')
  const real = media.flatMap(each => each.packets)
  const began = performance.now()
  let sent = 0
  while (sent < amounts.packets / 2) {
    for (let i = 0; i < BATCH; i++) {
      const { port, address } = by.pick(media).place
      socket.send(mutatePacket(real, by), port, address)
    }
    sent += BATCH
    const ahead = (sent / (PER_SECOND / 2)) * 1000 - (performance.now() - began)
    await (ahead > 1 ? sleep(ahead) : new Promise(setImmediate))
  }
  socket.close()
  return `${sent} packets from a stranger`
}
