import { setTimeout as sleep } from 'node:timers/promises'
import { prove } from '../../support/raw-device.ts'
import type { RawSocket } from '../../support/raw-socket.ts'
import { home, type Load } from './load.ts'

/** The largest beacon that the server takes. */
const LARGE = 30_000
const header = Buffer.from('{"alg":"ES256","typ":"os1-beacon"}').toString('base64url')
/** Within what one device may ask. */
const BURST = 50
const PUBLISHED_AT_ONCE = 15

/**
 * Viewers that stay, and answer the heartbeat, but read nothing, while their camera has much to tell and they ask for
 * it again and again: each message has to wait somewhere.
 */
export const slowReaders: Load = async ({ origin, amounts, signal, devices, camera, by }) => {
  const speaker = await prove(origin, home(999), 'camera', camera.auth)
  let published = 0
  const publish = async (): Promise<void> => {
    const beacon = `${header}.${Buffer.alloc(LARGE * 0.74, by.below(256)).toString('base64url')}.${'A'.repeat(86)}`
    await speaker?.say(`42/camera,${published++}${JSON.stringify(['publish', { beacon }])}`)
  }
  await publish()
  const readers: RawSocket[] = []
  for (let i = 0; i < amounts.readers; i++) {
    const key = devices[i % devices.length]
    const socket = key && (await prove(origin, home(i), 'viewer', key))
    if (!socket) continue
    socket.tcp.pause()
    readers.push(socket)
  }
  const toAll = (text: string): void => {
    for (const socket of readers) if (!socket.isClosed()) void socket.say(text)
  }
  const ask = `42/viewer,1${JSON.stringify(['beacon', { cam: camera.key.id }])}`
  for (let i = 0; i < BURST / 3; i++) {
    toAll(ask)
    await sleep(20)
  }
  for (let i = 0; !signal.aborted; i++) {
    if (published < PUBLISHED_AT_ONCE || i % 10 === 0) await publish()
    if (i % 30 === 0) toAll('3')
    if (i % 6 === 0) toAll(ask)
    await sleep(105)
  }
  const left = readers.filter(socket => !socket.isClosed()).length
  for (const socket of readers) socket.close()
  speaker?.close()
  return `${readers.length} viewers that read nothing, told ${published} times 30 kB; ${left} still open at the end`
}
