import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { rawRequest } from '../../support/signaling-client.ts'
import { mutateText } from './chance.ts'
import { home, type Load, repeat } from './load.ts'

const ours = (origin: string) => ({
  origin,
  'sec-fetch-site': 'same-origin',
  'content-type': 'application/json',
})

/** As many at once as may, from many households, for names that exist and names that do not. */
export const wrongLogins: Load = async setting => {
  const { origin, amounts } = setting
  const answers = new Map<number, number>()
  const sent = await repeat(setting, amounts.logins, 60, async i => {
    const name = i % 2 > 0 ? 'nobody' : 'the owner'
    const body = JSON.stringify({ name: `${name} ${i % 50}`, password: `wrong password ${i}` })
    const options = {
      method: 'POST',
      path: '/api/sign-in',
      headers: ours(origin),
      body,
      localAddress: home(i),
    }
    const { status } = await rawRequest(origin, options).catch(() => ({ status: 0 }))
    answers.set(status, (answers.get(status) ?? 0) + 1)
  })
  const told = [...answers].map(([status, n]) => `${n} × ${status}`).join(', ')
  return `${sent} wrong logins (${told})`
}

/** `once` of node:events would fail with the first error. */
const happens = (socket: Socket, event: string): Promise<void> =>
  new Promise(resolve => socket.once(event, () => resolve()))

async function tcp(origin: string, localAddress: string): Promise<Socket> {
  const { hostname, port } = new URL(origin)
  const socket = connect({ host: hostname, port: Number(port), localAddress })
  socket.on('error', () => undefined)
  await Promise.race([happens(socket, 'connect'), happens(socket, 'close')])
  return socket
}

async function pour(socket: Socket, chunk: Buffer, times: number): Promise<void> {
  for (let i = 0; i < times && !socket.destroyed; i++)
    if (!socket.write(chunk)) await Promise.race([happens(socket, 'drain'), happens(socket, 'close')])
}

/** Requests that are none, too long in every part, or end in the middle. */
export const badRequests: Load = async setting => {
  const { origin, by } = setting
  const { host } = new URL(origin)
  const megabyte = Buffer.alloc(1_000_000, 0x61)
  const chunk = Buffer.concat([Buffer.from('f4240\r\n'), megabyte, Buffer.from('\r\n')])
  const post = (length: string): string =>
    `POST /api/sign-in HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nContent-Type: application/json\r\n${length}\r\n\r\n`
  const honest = `${post('Content-Length: 31')}{"name":"a","password":"secret"}`
  const heads = [
    ...[
      '\r\n\r\n',
      'GET\r\n\r\n',
      '\u0000'.repeat(5000),
      'GET / HTTP/9.9\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ],
    `GET / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x`,
    `${post('Content-Length: 40')}${'{"name":'.repeat(5)}`,
    `${post('Content-Length: -1')}{}`,
    `${post('Content-Length: 60000')}${'['.repeat(60_000)}`,
    `GET /api/%ff%00%/..%2f..%5c HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `GET /socket.io/?EIO=4&transport=websocket&sid=__proto__ HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
  ]
  const sent = await repeat(setting, Math.ceil(setting.amounts.messages / 20), 6, async i => {
    const socket = await tcp(origin, home(i))
    const how = i % 40
    if (how === 0) {
      socket.write(post('Content-Length: 10000000'))
      await pour(socket, megabyte, 10)
    } else if (how === 1) {
      socket.write(post('Transfer-Encoding: chunked'))
      await pour(socket, chunk, 10)
    } else if (how === 2) await pour(socket, megabyte, 10)
    else if (how === 3) {
      socket.write('GET / HTTP/1.1\r\nX: ')
      await pour(socket, megabyte, 10)
    } else if (how % 2 > 0) socket.write(by.pick(heads))
    else socket.write(mutateText(honest, by))
    await sleep(10)
    socket.destroy()
  })
  return `${sent} bad requests, one in ten of 10 MB`
}

/** Connections that begin a request and never end it, and ones that ask again and again and read nothing. */
export const slowRequests: Load = async setting => {
  const { origin, amounts, signal } = setting
  const { host } = new URL(origin)
  const sockets: Socket[] = []
  for (let i = 0; i < amounts.readers; i++) {
    const socket = await tcp(origin, home(i))
    sockets.push(socket)
    if (i % 3 === 0) socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `)
    if (i % 3 === 1)
      socket.write(
        `POST /api/sign-in HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{`,
      )
    if (i % 3 === 2) socket.pause()
  }
  const ask = (times: number) => Buffer.from(`GET /api/state HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(times))
  // More at once than may be, and not more.
  const asked = [ask(20), ask(8)] as const
  while (!signal.aborted) {
    for (const [i, socket] of sockets.entries())
      if (!socket.destroyed && socket.writableLength < 100_000)
        socket.write(i % 3 < 2 ? 'a' : (asked[i % 2] ?? ''))
    await sleep(200)
  }
  const left = sockets.filter(socket => !socket.destroyed).length
  for (const socket of sockets) socket.destroy()
  return `${sockets.length} slow requests, ${left} still open at the end`
}
