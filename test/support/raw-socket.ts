import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const TEXT = 1
const CLOSE = 8
const PING = 9

/** A websocket down to its bytes: what no honest client sends, and a reader that stops reading. */
export type RawSocket = {
  readonly tcp: Socket
  readonly closed: Promise<void>
  isClosed(): boolean
  /** One whole text message. Resolves when it may be followed by more (back-pressure), or the socket is gone. */
  say(text: string): Promise<void>
  frame(first: number, payload: Uint8Array, declared?: number): Promise<void>
  /** Bytes as they are. */
  write(bytes: Uint8Array | string): Promise<void>
  /** The first message, past or future, that begins so; undefined when it has closed. */
  hears(beginning: string): Promise<string | undefined>
  onText(handler: (text: string) => void): void
  close(): void
}

const UPGRADE = '/socket.io/?EIO=4&transport=websocket'

/** Any address of 127.0.0.0/8 as the sender: each counts as a household of its own. */
export async function rawSocket(origin: string, localAddress: string): Promise<RawSocket | undefined> {
  const { hostname, port, host } = new URL(origin)
  const tcp = connect({ host: hostname, port: Number(port), localAddress })
  tcp.on('error', () => undefined)
  // `once` of node:events would fail with the first error.
  const closed = new Promise<void>(resolve => tcp.once('close', () => resolve()))
  const key = randomBytes(16).toString('base64')
  tcp.write(
    `GET ${UPGRADE} HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  )
  const reader = readFrames(tcp)
  const upgraded = await Promise.race([reader.upgraded, closed.then(() => false)])
  if (!upgraded) {
    tcp.destroy()
    return undefined
  }
  const write = async (bytes: Uint8Array | string): Promise<void> => {
    if (tcp.destroyed || tcp.write(bytes)) return
    await Promise.race([once(tcp, 'drain').catch(() => undefined), closed])
  }
  const frame = (first: number, payload: Uint8Array, declared = payload.length): Promise<void> =>
    write(Buffer.concat([frameHeader(first, declared), payload]))
  reader.onPing(payload => void frame(0x8a, payload))
  return {
    tcp,
    closed,
    isClosed: () => tcp.destroyed,
    say: text => frame(0x80 | TEXT, Buffer.from(text)),
    frame,
    write,
    hears: beginning => Promise.race([reader.hears(beginning), closed.then(() => undefined)]),
    onText: reader.onText,
    close: () => void tcp.destroy(),
  }
}

/** Masked with zeros (RFC 6455 §5.3 asks for a mask, not for a good one): ten megabytes cost the sender nothing. */
export function frameHeader(first: number, length: number): Buffer {
  const header = Buffer.alloc(14)
  header[0] = first
  if (length < 126) {
    header[1] = 0x80 | length
    return header.subarray(0, 6)
  }
  if (length < 65_536) {
    header[1] = 0x80 | 126
    header.writeUInt16BE(length, 2)
    return header.subarray(0, 8)
  }
  header[1] = 0x80 | 127
  header.writeBigUInt64BE(BigInt(length), 2)
  return header
}

const HISTORY = 64

function readFrames(tcp: Socket) {
  const upgraded = Promise.withResolvers<boolean>()
  const heard: string[] = []
  const handlers = new Set<(text: string) => void>()
  let ping: (payload: Buffer) => void = () => undefined
  let rest: Buffer = Buffer.alloc(0)
  let isOpen = false

  const take = (opcode: number, payload: Buffer): void => {
    if (opcode === PING) ping(payload)
    if (opcode === CLOSE) tcp.destroy()
    if (opcode !== TEXT) return
    const text = payload.toString()
    heard.push(text)
    if (heard.length > HISTORY) heard.shift()
    for (const handler of handlers) handler(text)
  }
  tcp.on('data', (data: Buffer) => {
    rest = rest.length > 0 ? Buffer.concat([rest, data]) : data
    if (!isOpen) {
      const end = rest.indexOf('\r\n\r\n')
      if (end < 0) return
      isOpen = rest.subarray(0, 12).toString() === 'HTTP/1.1 101'
      upgraded.resolve(isOpen)
      rest = rest.subarray(end + 4)
    }
    for (let next = isOpen ? whole(rest) : undefined; next; next = whole(rest)) {
      take(next.opcode, next.payload)
      rest = rest.subarray(next.end)
    }
  })
  return {
    upgraded: upgraded.promise,
    onPing: (handler: typeof ping) => {
      ping = handler
    },
    onText: (handler: (text: string) => void) => void handlers.add(handler),
    hears(beginning: string): Promise<string> {
      const known = heard.find(text => text.startsWith(beginning))
      if (known !== undefined) return Promise.resolve(known)
      const { promise, resolve } = Promise.withResolvers<string>()
      const look = (text: string): void => {
        if (!text.startsWith(beginning)) return
        handlers.delete(look)
        resolve(text)
      }
      handlers.add(look)
      return promise
    },
  }
}

/** The server's frames: unmasked, never fragmented. */
function whole(bytes: Buffer): { opcode: number; payload: Buffer; end: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = (bytes[1] ?? 0) & 0x7f
  const at = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < at) return undefined
  const length =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (bytes.length < at + length) return undefined
  return { opcode: (bytes[0] ?? 0) & 15, payload: bytes.subarray(at, at + length), end: at + length }
}
