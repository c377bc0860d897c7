import { rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

/** A socket file in the data folder (0700): it is the lock, and how a second start asks the first for a link. */
const socketPath = (data: string): string => join(data, 'control.sock')

/** The running instance's link, or undefined when none runs on this folder. */
export function askRunning(data: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = connect(socketPath(data))
  let answer = ''
  socket.on('data', chunk => (answer += chunk))
  socket.once('end', () => resolve(answer.trim() || undefined))
  socket.once('error', () => resolve(undefined))
  return promise
}

export async function openControl(data: string, link: () => Promise<string>): Promise<Server> {
  rmSync(socketPath(data), { force: true })
  const server = createServer(async socket => {
    socket.on('error', () => undefined)
    socket.end(`${await link()}\n`)
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(socketPath(data), resolve)
  await promise
  return server
}
