import { isIPv4, isIPv6 } from 'node:net'
import { big, openNative } from './library.ts'

/** As far as it is used of Node's own. */
export type Socket = { send(data: Buffer, port: number, host: string): void }

/** Where datagrams go to, made once for each pair. */
export type Target = { readonly host: string; readonly port: number; readonly name: Buffer }

/** Takes datagrams and gives them to the system several at a time, all of one turn of the event loop before its end. */
export type Outbox = {
  /** @returns false when this one is to be sent by the socket itself; nothing of it was taken then */
  put(socket: Socket, target: Target, data: Buffer): boolean
}

const AF_INET = 2
/** Linux's number. */
const AF_INET6 = 10
const NAME_MAX = 28

/** `struct sockaddr_in` and `sockaddr_in6` of Linux. @returns undefined for anything else, also with a zone */
export function targetOf(host: string, port: number): Target | undefined {
  if (isIPv4(host)) {
    const name = Buffer.alloc(16)
    name.writeUInt16LE(AF_INET, 0)
    name.writeUInt16BE(port, 2)
    name.set(host.split('.').map(Number), 4)
    return { host, port, name }
  }
  if (!isIPv6(host) || host.includes('%')) return undefined
  const name = Buffer.alloc(NAME_MAX)
  name.writeUInt16LE(AF_INET6, 0)
  name.writeUInt16BE(port, 2)
  name.set(bytesOf(host), 8)
  return { host, port, name }
}

/** RFC 4291 §2.2. */
function bytesOf(host: string): number[] {
  const groups = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap(group => {
          if (group.includes('.')) return group.split('.').map(Number)
          const value = Number.parseInt(group, 16)
          return [value >> 8, value & 0xff]
        })
  const [before = '', after] = host.split('::')
  const [head, tail] = [groups(before), groups(after ?? '')]
  return [...head, ...Array<number>(16 - head.length - tail.length).fill(0), ...tail]
}

const SLOTS = 32
const SLOT_BYTES = 1536
/** `struct mmsghdr`, `struct iovec` of Linux on machines of 64 bits. */
const [MESSAGE_BYTES, VECTOR_BYTES] = [64, 16]
const MESSAGES = 0
const VECTORS = MESSAGES + SLOTS * MESSAGE_BYTES
const NAME = VECTORS + SLOTS * VECTOR_BYTES
const DATA = NAME + 64
const ARENA_BYTES = DATA + SLOTS * SLOT_BYTES
const MSG_DONTWAIT = 0x40

/** @returns how many of them it took, or less than 0 */
export type SendMany = (file: bigint, messages: bigint, count: bigint, flags: bigint) => number

export function createOutbox(
  sendMany: SendMany,
  { bytes, at }: { bytes: Buffer; at(offset: number): bigint },
): Outbox {
  let batch: { socket: Socket; target: Target } | undefined
  let count = 0
  let isDue = false
  let nameLength = 0

  for (let slot = 0; slot < SLOTS; slot++) {
    const message = MESSAGES + slot * MESSAGE_BYTES
    const vector = VECTORS + slot * VECTOR_BYTES
    bytes.writeBigUInt64LE(at(NAME), message)
    bytes.writeBigUInt64LE(at(vector), message + 16)
    bytes.writeBigUInt64LE(1n, message + 24)
    bytes.writeBigUInt64LE(at(DATA + slot * SLOT_BYTES), vector)
  }
  const messages = at(MESSAGES)

  function setNameLength(length: number): void {
    nameLength = length
    for (let slot = 0; slot < SLOTS; slot++) bytes.writeUInt32LE(length, MESSAGES + slot * MESSAGE_BYTES + 8)
  }

  function begin(socket: Socket, target: Target): void {
    batch = { socket, target }
    bytes.set(target.name, NAME)
    if (target.name.length !== nameLength) setNameLength(target.name.length)
    if (isDue) return
    isDue = true
    process.nextTick(() => {
      isDue = false
      flush()
    })
  }

  function flush(): void {
    if (!batch) return
    const { socket, target } = batch
    const all = count
    batch = undefined
    count = 0
    // Asked for at this moment: a number that was closed may belong to something else by now.
    const file = fileOf(socket)
    const sent = file === undefined ? 0 : sendMany(big(file), messages, big(all), big(MSG_DONTWAIT))
    for (let slot = Math.max(0, sent); slot < all; slot++) sendAlone(socket, target, slot)
  }

  /** What the system did not take: Node waits until it does, or says what is wrong. */
  function sendAlone(socket: Socket, { host, port }: Target, slot: number): void {
    const start = DATA + slot * SLOT_BYTES
    const length = bytes.readUInt32LE(VECTORS + slot * VECTOR_BYTES + 8)
    try {
      socket.send(Buffer.from(bytes.subarray(start, start + length)), port, host)
    } catch {
      // A socket that closes in this moment; ICE is about to hear of it.
    }
  }

  return {
    put(socket, target, data) {
      if (data.length > SLOT_BYTES || target.name.length > NAME_MAX) return false
      if (batch && (batch.socket !== socket || batch.target !== target || count === SLOTS)) flush()
      if (!batch) {
        if (fileOf(socket) === undefined) return false
        begin(socket, target)
      }
      bytes.set(data, DATA + count * SLOT_BYTES)
      bytes.writeUInt32LE(data.length, VECTORS + count * VECTOR_BYTES + 8)
      count++
      return true
    },
  }
}

const FILE_MAX = 4095
type State = { handle?: { fd?: unknown } | null }
let stateKey: symbol | undefined

/** The number of a socket's file, which Node keeps to itself. @returns undefined when it is closed, or of another shape */
function fileOf(socket: Socket): number | undefined {
  stateKey ??= Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol')
  if (!stateKey) return undefined
  const state = (socket as unknown as Record<symbol, State | undefined>)[stateKey]
  const file = state?.handle?.fd
  return typeof file === 'number' && file >= 0 && file <= FILE_MAX ? file : undefined
}

let known: { outbox: Outbox | undefined } | undefined

/** One for the whole process. @returns undefined where there is none: Linux has it */
export function nativeOutbox(): Outbox | undefined {
  known ??= { outbox: openOutbox() }
  return known.outbox
}

function openOutbox(): Outbox | undefined {
  if (process.platform !== 'linux') return undefined
  const native = openNative(
    { sendmmsg: { arguments: ['pointer', 'pointer', 'pointer', 'pointer'], return: 'int32' } },
    ARENA_BYTES,
  )
  return native && createOutbox(native.functions.sendmmsg, native.arena)
}
