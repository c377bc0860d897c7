import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'

/** `open`: our own address is the public one; `cone`: one port for all destinations; `symmetric`: one for each. */
export type Mapping = 'open' | 'cone' | 'symmetric' | 'none'

const COOKIE = 0x2112a442
const XOR_MAPPED_ADDRESS = 0x0020
const WAIT_MS = 500
const TRIES = 4

/**
 * What this network does to the address of a UDP socket, by what a STUN server sees of it at two of its ports
 * (RFC 5780 §4.3). Where only one of them answers, `cone` is the best that can be said.
 */
export async function mapping(host: string, port: number): Promise<Mapping> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  try {
    const first = await ask(socket, host, port)
    if (!first) return 'none'
    const second = await ask(socket, host, port + 1)
    const own = Object.values(networkInterfaces()).flatMap(each => each?.map(({ address }) => address) ?? [])
    if (second && second !== first) return 'symmetric'
    return own.includes(first.slice(0, first.lastIndexOf(' '))) ? 'open' : 'cone'
  } catch {
    return 'none'
  } finally {
    socket.close()
  }
}

/** The public `address port` of the socket as seen there; undefined when nothing comes back. */
async function ask(socket: Socket, host: string, port: number): Promise<string | undefined> {
  const id = randomBytes(12)
  const question = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), id])
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const listen = (data: Buffer): void => {
    if (data.length >= 20 && data.readUInt16BE(0) === 0x0101 && data.subarray(8, 20).equals(id))
      resolve(mappedIn(data, id))
  }
  socket.on('message', listen)
  const send = (): void => socket.send(question, port, host, () => undefined)
  send()
  let sent = 1
  const timer = setInterval(() => {
    if (sent++ < TRIES) send()
    else resolve(undefined)
  }, WAIT_MS)
  return promise.finally(() => {
    clearInterval(timer)
    socket.off('message', listen)
  })
}

/** XOR-MAPPED-ADDRESS (RFC 8489 §14.2), bounds checked. */
export function mappedIn(data: Buffer, id: Buffer): string | undefined {
  for (let at = 20; at + 4 <= data.length; ) {
    const [type, length] = [data.readUInt16BE(at), data.readUInt16BE(at + 2)]
    const value = data.subarray(at + 4, at + 4 + length)
    if (value.length < length) return undefined
    if (type === XOR_MAPPED_ADDRESS && (length === 8 || length === 20)) {
      const port = value.readUInt16BE(2) ^ (COOKIE >>> 16)
      const mask = Buffer.concat([Buffer.from([0x21, 0x12, 0xa4, 0x42]), id])
      const bytes = [...value.subarray(4)].map((byte, i) => byte ^ (mask[i] ?? 0))
      return `${length === 8 ? bytes.join('.') : groups(bytes)} ${port}`
    }
    at += 4 + ((length + 3) & ~3)
  }
  return undefined
}

/** As the operating system writes it (RFC 5952). */
const groups = (bytes: number[]): string => {
  const pairs = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  )
  return new URL(`http://[${pairs.join(':')}]`).hostname.slice(1, -1)
}
