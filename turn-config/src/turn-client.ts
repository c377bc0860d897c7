import { createSocket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { connect as connectTcp, isIPv6, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type SecureVersion } from 'node:tls'
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
  isSigned,
  longTermKey,
  METHOD,
  type Message,
} from './stun-message.ts'

export type Server = {
  readonly transport: 'udp' | 'tcp' | 'tls'
  /** an address; with TLS also the name on the certificate */
  readonly host: string
  readonly port: number
  /** PEM of who signed the relay's certificate; absent: as Node trusts */
  readonly ca?: string | undefined
  readonly maxTls?: SecureVersion
  /** whoever signed it: for a look at the version alone */
  readonly lax?: boolean
}
export type Login = { readonly username: string; readonly credential: string }

/** The relay said no. `code` as in RFC 8489 §14.8 and RFC 8656 §19; 0: it said nothing before `timeout`. */
export class TurnError extends Error {
  override readonly name = 'TurnError'
  readonly code: number
  constructor(code: number, what: string) {
    super(code === 0 ? `no answer to ${what}` : `${what} was refused with ${code}`)
    this.code = code
  }
}

export type TurnClient = {
  /** @throws TurnError */
  allocate(login: Login, options?: { family?: 'ipv4' | 'ipv6'; lifetime?: number }): Promise<Endpoint>
  /** One address that may send to the allocation, and be sent to. @throws TurnError */
  permit(peer: Endpoint): Promise<void>
  /** @param lifetime seconds; 0 ends the allocation @returns what was granted. @throws TurnError */
  refresh(lifetime: number): Promise<number>
  send(peer: Endpoint, data: Buffer): void
  /** RFC 8489 §2: what the relay says without credentials */
  bind(): Promise<Message>
  /** each Data indication that arrives */
  onData(listener: (from: Endpoint, data: Buffer) => void): void
  close(): void
}

type Pipe = { write(bytes: Buffer): void; close(): void }

/** @param timeout milliseconds that one answer may take. @throws when there is no connection, as Node says it */
export async function connectTurn(server: Server, options: { timeout?: number } = {}): Promise<TurnClient> {
  const { timeout = 5000 } = options
  const events = new EventEmitter()
  const pipe = await open(server, timeout, bytes => {
    const message = decode(bytes)
    if (message?.type === (METHOD.data | CLASS.indication)) tellData(events, message)
    else if (message) events.emit(message.transaction, message)
  })
  let session: (Login & { realm: string; nonce: string; key: Buffer }) | undefined

  const ask = (bytes: Buffer, transaction: string, what: string): Promise<Message> =>
    exchange({ events, pipe, bytes, transaction, what, timeout, again: server.transport === 'udp' })

  /** Once more when the nonce has aged (RFC 8489 §9.2.4). */
  async function request(method: number, make: (id: Buffer) => Attribute[], what: string): Promise<Message> {
    for (let attempt = 0; ; attempt++) {
      const id = encode(0, []).transaction
      const transaction = Buffer.from(id, 'hex')
      const signed = session ? proof(session) : []
      const { bytes } = encode(method, [...make(transaction), ...signed], { key: session?.key, transaction })
      const answer = await ask(bytes, id, what)
      const code = errorCode(answer)
      const nonce = find(answer, ATTRIBUTE.nonce)
      if (code === 438 && session && nonce && attempt < 2) session.nonce = nonce.toString()
      else if ((answer.type & CLASS.error) === CLASS.error)
        throw Object.assign(new TurnError(code, what), { answer })
      else if (session && !isSigned(answer, session.key)) throw new TurnError(0, what)
      else return answer
    }
  }

  return {
    async allocate(login, { family = 'ipv4', lifetime } = {}) {
      const make = (): Attribute[] => allocation(family, lifetime)
      session = undefined
      session = await challenge(() => request(METHOD.allocate, make, 'an allocation'), login)
      const answer = await request(METHOD.allocate, make, 'an allocation')
      const relayed = find(answer, ATTRIBUTE.xorRelayedAddress)
      const endpoint = relayed && decodeAddress(relayed, answer.transaction)
      if (!endpoint) throw new TurnError(0, 'an allocation')
      return endpoint
    },
    async permit(peer) {
      const make = (id: Buffer): Attribute[] => [[ATTRIBUTE.xorPeerAddress, encodeAddress(peer, id)]]
      await request(METHOD.createPermission, make, `a permission for ${peer.address}`)
    },
    async refresh(lifetime) {
      const answer = await request(METHOD.refresh, () => [[ATTRIBUTE.lifetime, word(lifetime)]], 'a refresh')
      return find(answer, ATTRIBUTE.lifetime)?.readUInt32BE(0) ?? 0
    },
    send(peer, data) {
      const transaction = Buffer.from(encode(0, []).transaction, 'hex')
      const attributes: Attribute[] = [
        [ATTRIBUTE.xorPeerAddress, encodeAddress(peer, transaction)],
        [ATTRIBUTE.data, data],
      ]
      pipe.write(encode(METHOD.send | CLASS.indication, attributes, { transaction }).bytes)
    },
    async bind() {
      const { bytes, transaction } = encode(METHOD.binding, [])
      return ask(bytes, transaction, 'a binding request')
    },
    onData: listener => void events.on('data', listener),
    close: () => pipe.close(),
  }
}

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** UDP is 17 (RFC 8656 §18.7); families 1 and 2 (§18.6). */
const allocation = (family: 'ipv4' | 'ipv6', lifetime?: number): Attribute[] => [
  [ATTRIBUTE.requestedTransport, Buffer.from([17, 0, 0, 0])],
  ...(family === 'ipv6' ? [[ATTRIBUTE.requestedAddressFamily, Buffer.from([2, 0, 0, 0])] as const] : []),
  ...(lifetime === undefined ? [] : [[ATTRIBUTE.lifetime, word(lifetime)] as const]),
]

const proof = (session: Login & { realm: string; nonce: string }): Attribute[] => [
  [ATTRIBUTE.username, Buffer.from(session.username)],
  [ATTRIBUTE.realm, Buffer.from(session.realm)],
  [ATTRIBUTE.nonce, Buffer.from(session.nonce)],
]

/** The first request goes without proof, to learn realm and nonce (RFC 8489 §9.2.3). */
async function challenge(
  first: () => Promise<Message>,
  login: Login,
): Promise<Login & { realm: string; nonce: string; key: Buffer }> {
  const answer = await first().then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof TurnError && error.code === 401) return (error as { answer?: Message }).answer
      throw error
    },
  )
  if (!answer) throw new TurnError(200, 'a demand for credentials')
  const realm = find(answer, ATTRIBUTE.realm)?.toString() ?? ''
  const nonce = find(answer, ATTRIBUTE.nonce)?.toString() ?? ''
  return { ...login, realm, nonce, key: longTermKey(login.username, realm, login.credential) }
}

function tellData(events: EventEmitter, message: Message): void {
  const peer = find(message, ATTRIBUTE.xorPeerAddress)
  const from = peer && decodeAddress(peer, message.transaction)
  const data = find(message, ATTRIBUTE.data)
  if (from && data) events.emit('data', from, data)
}

/** Over UDP it is said again after half a second, then ever later (RFC 8489 §6.2.1). */
async function exchange(options: {
  events: EventEmitter
  pipe: Pipe
  bytes: Buffer
  transaction: string
  what: string
  timeout: number
  again: boolean
}): Promise<Message> {
  const { events, pipe, bytes, transaction, what, timeout, again } = options
  const done = new AbortController()
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(timeout)])
  const repeat = async (): Promise<void> => {
    for (let wait = 500; ; wait *= 2) {
      pipe.write(bytes)
      await sleep(again ? wait : timeout, undefined, { signal })
    }
  }
  const answer = once(events, transaction, { signal }).then(([message]) => message as Message)
  repeat().catch(() => undefined)
  return answer
    .catch(() => {
      throw new TurnError(0, what)
    })
    .finally(() => done.abort())
}

async function open(server: Server, timeout: number, take: (bytes: Buffer) => void): Promise<Pipe> {
  const { transport, host, port, ca, maxTls, lax } = server
  if (transport === 'udp') {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    socket.on('message', take)
    // An ICMP refusal ends in the timeout of the request that it answers.
    socket.on('error', () => undefined)
    return { write: bytes => socket.send(bytes, port, host), close: () => socket.close() }
  }
  const name = isIPv6(host) || /^[\d.]+$/.test(host) ? {} : { servername: host }
  const tls = {
    host,
    port,
    ...name,
    ...(ca === undefined ? {} : { ca }),
    ...(maxTls ? { minVersion: maxTls, maxVersion: maxTls, ciphers: 'DEFAULT:@SECLEVEL=0' } : {}),
    ...(lax ? { rejectUnauthorized: false } : {}),
  }
  const socket: Socket = transport === 'tcp' ? connectTcp({ host, port }) : connectTls(tls)
  try {
    await once(socket, transport === 'tcp' ? 'connect' : 'secureConnect', {
      signal: AbortSignal.timeout(timeout),
    })
  } catch (error) {
    socket.destroy()
    throw error
  }
  socket.on('error', () => undefined)
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 20 && rest.length >= 20 + rest.readUInt16BE(2)) {
      const end = 20 + rest.readUInt16BE(2)
      take(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  })
  return { write: bytes => void socket.write(bytes), close: () => void socket.destroy() }
}
