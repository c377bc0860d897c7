import { setTimeout as sleep } from 'node:timers/promises'
import { prove } from './challenge.ts'
import { home, type Load } from './load.ts'
import type { RawSocket } from './raw-socket.ts'

/** The largest beacon that the server takes. */
const LARGE = 30_000
const header = Buffer.from('{"alg":"ES256","typ":"os1-beacon"}').toString('base64url')

/**
 * Viewers that stay, and answer the heartbeat, but read nothing, while their camera has much to tell: each message
 * has to wait somewhere.
 */
export const slowReaders: Load = async ({ origin, amounts, signal, viewer, camera, by }) => {
  const readers: RawSocket[] = []
  for (let i = 0; i < amounts.readers; i++) {
    const socket = await prove(origin, home(i), 'viewer', viewer)
    if (!socket) continue
    socket.tcp.pause()
    readers.push(socket)
  }
  const beating = setInterval(() => {
    for (const socket of readers) if (!socket.isClosed()) void socket.say('3')
  }, 3000)
  let published = 0
  const speaker = await prove(origin, home(999), 'camera', camera.auth)
  do {
    const beacon = `${header}.${Buffer.alloc(LARGE * 0.74, by.below(256)).toString('base64url')}.AA`
    await speaker?.say(`42/camera,${published++}${JSON.stringify(['publish', { beacon }])}`)
    await sleep(published < 18 ? 50 : 1050)
  } while (!signal.aborted)
  clearInterval(beating)
  const left = readers.filter(socket => !socket.isClosed()).length
  for (const socket of readers) socket.close()
  speaker?.close()
  return `${readers.length} viewers that read nothing, told ${published} times 30 kB; ${left} still open at the end`
}
