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
  const line = await openLine(to)
  const speaker = createSpeaker(line)
  try {
    const said: Said[] = []
    for (const step of steps) said.push(await take(step, line, speaker))
    return said
  } finally {
    line.close()
  }
}

async function take(step: Step, line: Line, speaker: Speaker): Promise<Said> {
  const { ask } = speaker
  switch (step.do) {
    case 'bind':
      return read(await ask(METHOD.binding))
    case 'allocate':
      return speaker.allocate(step)
    case 'as':
      speaker.become(step)
      return { code: 0 }
    case 'permit': {
      const peer = { address: step.peer === 'itself' ? speaker.relayed().address : step.peer, port: 4000 }
      return read(
        await ask(METHOD.createPermission, id => [[ATTRIBUTE.xorPeerAddress, encodeAddress(peer, id)]]),
      )
    }
    case 'refresh':
      return read(await ask(METHOD.refresh, () => [[ATTRIBUTE.lifetime, word(step.lifetime)]]))
    case 'replay':
      return read(await line.send(speaker.last(), { elsewhere: true }))
    case 'pour':
      return pour(step, line, speaker.relayed())
    case 'send':
      line.write(indication(step.to, Buffer.from(step.text)))
      return { code: 0 }
    case 'wait':
      await sleep(step.ms)
      return { code: 0 }
  }
}

type Line = {
  write(bytes: Buffer): void
  /** a request, and its answer if one comes; `elsewhere`: from a new port */
  send(bytes: Buffer, options?: { elsewhere?: boolean }): Promise<Message | undefined>
  /** bytes that were poured and have arrived */
  came(): number
  close(): void
}

async function openLine(to: Omit<Talk, 'steps'>): Promise<Line> {
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
  const own = await dial()
  return {
    write: own.write,
    async send(bytes, { elsewhere = false } = {}) {
      const pipe = elsewhere ? await dial() : own
      const id = bytes.toString('hex', 8, 20)
      const { promise, resolve } = Promise.withResolvers<Message | undefined>()
      waiting.set(id, resolve)
      const timer = setTimeout(resolve, WAIT_MS, undefined)
      pipe.write(bytes)
      const reply = await promise
      clearTimeout(timer)
      waiting.delete(id)
      return reply
    },
    came: () => came,
    close() {
      for (const each of opened) each.close()
    },
  }
}

type Speaker = {
  /** A request in the name of this one, if it has one yet; the newest nonce is kept. */
  ask(method: number, make?: (id: Buffer) => readonly Attribute[]): Promise<Message | undefined>
  allocate(step: Extract<Step, { do: 'allocate' }>): Promise<Said>
  become(who: Login): void
  relayed(): Endpoint
  /** the last request */
  last(): Buffer
}

function createSpeaker(line: Line): Speaker {
  let session: Session | undefined
  let relayed: Endpoint = { address: '0.0.0.0', port: 0 }
  let last: Buffer = Buffer.alloc(0)

  const ask: Speaker['ask'] = async (method, make = () => []) => {
    const transaction = newId()
    const key = session && longTermKey(session.username, session.realm, session.credential)
    const attributes = [...make(transaction), ...(session ? nameOf(session) : [])]
    last = encode(method, attributes, { key, transaction }).bytes
    const reply = await line.send(last)
    const nonce = reply && find(reply, ATTRIBUTE.nonce)
    if (session && nonce) session.nonce = nonce
    return reply
  }
  return {
    ask,
    async allocate(step) {
      session = undefined
      const challenge = await ask(METHOD.allocate, () => wishes(step))
      const nonce = challenge && find(challenge, ATTRIBUTE.nonce)
      if (!challenge || !nonce) return read(challenge)
      const { realm = '' } = read(challenge)
      session = { ...step, realm: step.realm ?? realm, nonce }
      const said = read(await ask(METHOD.allocate, () => wishes(step)))
      relayed = said.relayed ?? relayed
      return { realm, ...said }
    },
    become({ username, credential }) {
      session = session && { ...session, username, credential }
    },
    relayed: () => relayed,
    last: () => last,
  }
}

async function pour(step: Extract<Step, { do: 'pour' }>, line: Line, to: Endpoint): Promise<Said> {
  const before = line.came()
  const data = Buffer.alloc(CHUNK, 7)
  const timer = setInterval(() => line.write(indication(to, data)), 1000 / (step.bytesPerSecond / CHUNK))
  await sleep(step.ms)
  clearInterval(timer)
  await sleep(300)
  return { code: 0, poured: Math.round(((line.came() - before) * 1000) / step.ms) }
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
