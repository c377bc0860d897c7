import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ATTRIBUTE,
  type Attribute,
  CLASS,
  decode,
  decodeAddress,
  type Endpoint,
  encode,
  encodeAddress,
  errorCode,
  find,
  longTermKey,
  METHOD,
  type Message,
} from '@ownsight/turn-config/stun-message'

export type Login = { readonly username: string; readonly credential: string }
export type Step =
  | { do: 'bind' }
  /** `realm`: in place of the relay's own. `transport` tcp: a relayed address for TCP (RFC 6062 §4.1) */
  | ({ do: 'allocate'; realm?: string; family?: 'ipv6'; transport?: 'tcp' } & Login)
  /** the requests from here on are in this one's name */
  | ({ do: 'as' } & Login)
  /** `itself`: the address of the allocation */
  | { do: 'permit'; peer: string }
  | { do: 'refresh'; lifetime: number }
  /** the last request, byte by byte, from another port of ours */
  | { do: 'replay' }
  | { do: 'wait'; ms: number }
  /** sends so many bytes a second to itself through the relay, and tells how many a second came back */
  | { do: 'pour'; bytesPerSecond: number; ms: number }
  /** one packet to a peer through the relay */
  | { do: 'send'; to: Endpoint; text: string }

export type Said = {
  /** 0 for success, else the number of the error; null: no answer */
  readonly code: number | null
  readonly realm?: string
  readonly software?: string
  readonly fingerprint?: boolean
  /** it names another address of its own (RFC 5780 §7.4) */
  readonly other?: boolean
  readonly relayed?: Endpoint
  readonly poured?: number
}
export type Talk = { host: string; port: number; over?: 'udp' | 'tcp'; steps: readonly Step[] }

const WAIT_MS = 1500
const CHUNK = 1000
const FINGERPRINT = 0x8028
const OTHER_ADDRESS = 0x802c
const UNSAID: Said = { code: null }

type Pipe = { write(bytes: Buffer): void; close(): void }
type Session = Login & { realm: string; nonce: Buffer }

/**
 * From one port of ours to a relay, step by step (RFC 8656). It speaks lower than a client does: it says things again, in
 * another's name, or wrongly, and tries nothing twice by itself.
 */
export async function talk({ steps, ...to }: Talk): Promise<Said[]> {
  const waiting = new Map<string, (message: Message) => void>()
  const opened: Pipe[] = []
  let came = 0
  const dial = async (): Promise<Pipe> => {
    const pipe = await open(to, data => {
      const message = decode(data)
      if (message) waiting.get(message.transaction)?.(message)
      if (data.length > CHUNK) came += CHUNK
    })
    opened.push(pipe)
    return pipe
  }
  const pipe = await dial()
  let session: Session | undefined
  let relayed: Endpoint = { address: '0.0.0.0', port: 0 }
  let last: Buffer = Buffer.alloc(0)

  async function send(through: Pipe, bytes: Buffer): Promise<Message | undefined> {
    const id = bytes.toString('hex', 8, 20)
    const { promise, resolve } = Promise.withResolvers<Message | undefined>()
    waiting.set(id, resolve)
    const timer = setTimeout(resolve, WAIT_MS, undefined)
    through.write(bytes)
    const reply = await promise
    clearTimeout(timer)
    waiting.delete(id)
    return reply
  }
  async function ask(
    method: number,
    make: (id: Buffer) => readonly Attribute[] = () => [],
  ): Promise<Message | undefined> {
    const transaction = newId()
    const key = session && longTermKey(session.username, session.realm, session.credential)
    last = encode(method, [...make(transaction), ...(session ? nameOf(session) : [])], {
      key,
      transaction,
    }).bytes
    const reply = await send(pipe, last)
    const nonce = reply && find(reply, ATTRIBUTE.nonce)
    if (session && nonce) session.nonce = nonce
    return reply
  }
  async function allocate(step: Extract<Step, { do: 'allocate' }>): Promise<Said> {
    session = undefined
    const challenge = await ask(METHOD.allocate, () => wishes(step))
    const nonce = challenge && find(challenge, ATTRIBUTE.nonce)
    if (!challenge || !nonce) return read(challenge)
    const { realm = '' } = read(challenge)
    session = { ...step, realm: step.realm ?? realm, nonce }
    const said = read(await ask(METHOD.allocate, () => wishes(step)))
    relayed = said.relayed ?? relayed
    return { realm, ...said }
  }
  async function pour(step: Extract<Step, { do: 'pour' }>): Promise<Said> {
    const before = came
    const data = Buffer.alloc(CHUNK, 7)
    const timer = setInterval(
      () => pipe.write(indication(relayed, data)),
      1000 / (step.bytesPerSecond / CHUNK),
    )
    await sleep(step.ms)
    clearInterval(timer)
    await sleep(300)
    return { code: 0, poured: Math.round(((came - before) * 1000) / step.ms) }
  }
  async function take(step: Step): Promise<Said> {
    switch (step.do) {
      case 'bind':
        return read(await ask(METHOD.binding))
      case 'allocate':
        return allocate(step)
      case 'as':
        session = session && { ...session, username: step.username, credential: step.credential }
        return { code: 0 }
      case 'permit': {
        const peer = { address: step.peer === 'itself' ? relayed.address : step.peer, port: 4000 }
        return read(
          await ask(METHOD.createPermission, id => [[ATTRIBUTE.xorPeerAddress, encodeAddress(peer, id)]]),
        )
      }
      case 'refresh':
        return read(await ask(METHOD.refresh, () => [[ATTRIBUTE.lifetime, word(step.lifetime)]]))
      case 'replay':
        return read(await send(await dial(), last))
      case 'pour':
        return pour(step)
      case 'send':
        pipe.write(indication(step.to, Buffer.from(step.text)))
        return { code: 0 }
      case 'wait':
        await sleep(step.ms)
        return { code: 0 }
    }
  }
  try {
    const said: Said[] = []
    for (const step of steps) said.push(await take(step))
    return said
  } finally {
    for (const each of opened) each.close()
  }
}

const newId = (): Buffer => Buffer.from(encode(0, []).transaction, 'hex')

function indication(to: Endpoint, data: Buffer): Buffer {
  const transaction = newId()
  const attributes: Attribute[] = [
    [ATTRIBUTE.xorPeerAddress, encodeAddress(to, transaction)],
    [ATTRIBUTE.data, data],
  ]
  return encode(METHOD.send | CLASS.indication, attributes, { transaction }).bytes
}

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const nameOf = ({ username, realm, nonce }: Session): Attribute[] => [
  [ATTRIBUTE.username, Buffer.from(username)],
  [ATTRIBUTE.realm, Buffer.from(realm)],
  [ATTRIBUTE.nonce, nonce],
]

const wishes = ({ transport, family }: Extract<Step, { do: 'allocate' }>): Attribute[] => [
  [ATTRIBUTE.requestedTransport, Buffer.from([transport === 'tcp' ? 6 : 17, 0, 0, 0])],
  ...(family ? [[ATTRIBUTE.requestedAddressFamily, Buffer.from([2, 0, 0, 0])] as const] : []),
]

function read(message: Message | undefined): Said {
  if (!message) return UNSAID
  const realm = find(message, ATTRIBUTE.realm)?.toString()
  const software = find(message, ATTRIBUTE.software)?.toString()
  const address = find(message, ATTRIBUTE.xorRelayedAddress)
  const relayed = address && decodeAddress(address, message.transaction)
  return {
    code: errorCode(message),
    fingerprint: find(message, FINGERPRINT) !== undefined,
    other: find(message, OTHER_ADDRESS) !== undefined,
    ...(realm === undefined ? {} : { realm }),
    ...(software === undefined ? {} : { software }),
    ...(relayed ? { relayed } : {}),
  }
}

async function open({ host, port, over = 'udp' }: Omit<Talk, 'steps'>, take: (data: Buffer) => void) {
  if (over === 'udp') {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    socket.on('message', take)
    socket.on('error', () => undefined)
    return {
      write: (bytes: Buffer) => socket.send(bytes, port, host, () => undefined),
      close: () => void socket.close(),
    }
  }
  const socket = connect({ host, port })
  // Each answer is short, and comes as one piece where nothing else is on the line.
  socket.on('data', take)
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return { write: (bytes: Buffer) => void socket.write(bytes), close: () => void socket.destroy() }
}
