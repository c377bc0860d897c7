import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { sealAuth } from '@ownsight/protocol/challenge'
import type { Challenge } from '@ownsight/protocol/events'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { io, type Socket } from 'socket.io-client'

/** Speaks to the signaling server as a browser or an agent would, and as neither of them should. */

export type Answer = {
  status: number
  headers: IncomingHttpHeaders
  text: string
  body: Record<string, unknown>
}

/** One request with exactly these headers (`fetch` would not let a test choose Host). */
export function rawRequest(
  origin: string,
  options: {
    method?: string
    path: string
    headers?: Record<string, string>
    body?: string
    localAddress?: string
  },
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const outgoing = httpRequest(origin + options.path, {
    method: options.method ?? 'GET',
    headers: options.headers ?? {},
    ...(options.localAddress ? { localAddress: options.localAddress } : {}),
    agent: false,
  })
  outgoing.on('error', reject).on('response', incoming => {
    let text = ''
    incoming.setEncoding('utf8').on('data', chunk => (text += chunk))
    incoming.on('end', () => {
      const json = incoming.headers['content-type']?.startsWith('application/json') && text
      const { statusCode = 0, headers } = incoming
      resolve({ status: statusCode, headers, text, body: json ? JSON.parse(text) : {} })
    })
  })
  outgoing.end(options.body)
  return promise
}

export type ApiClient = {
  cookie: string
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

/** A browser of its own: keeps its cookie, sends what a page of this origin sends. */
export function apiClient(origin: string): ApiClient {
  const client: ApiClient = {
    cookie: '',
    async call(method, path, body, headers = {}) {
      const answer = await rawRequest(origin, {
        method,
        path,
        headers: {
          ...(method === 'GET' ? {} : { origin, 'sec-fetch-site': 'same-origin' }),
          ...(client.cookie ? { cookie: client.cookie } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const set = answer.headers['set-cookie']?.[0]
      if (set) client.cookie = set.split(';')[0] ?? ''
      return answer
    },
  }
  return client
}

export const PASSWORD = 'correct horse battery'

/** Makes an account; `via` is a setup token or an invitation. */
export async function signUp(
  origin: string,
  name: string,
  via: { token: string } | { invitation: string },
): Promise<ApiClient> {
  const client = apiClient(origin)
  const answer = await client.call('POST', '/api/sign-up', { ...via, name, password: PASSWORD })
  if (answer.status !== 201) throw new Error(`sign-up: ${answer.status} ${answer.text}`)
  return client
}

export async function invite(client: ApiClient): Promise<{ invitation: string }> {
  const { body } = await client.call('POST', '/api/invitations')
  return { invitation: String(body.invitation) }
}

/** Registers a new device key under the client's account. */
export async function newDevice(client: ApiClient): Promise<KeyPair> {
  const key = await generateKeyPair()
  const answer = await client.call('POST', '/api/devices', { auth: key.publicKey })
  if (answer.status !== 201) throw new Error(`devices: ${answer.status} ${answer.text}`)
  return key
}

export type Namespace = 'viewer' | 'camera' | 'unpaired'

/** A socket that keeps what it is told and does nothing by itself. */
export type Device = {
  socket: Socket
  challenge: Promise<Challenge>
  received: { event: string; value: unknown }[]
  ask(event: string, ...args: unknown[]): Promise<Record<string, unknown>>
  /** Past or future. */
  event(name: string, wanted?: (value: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  disconnected: Promise<string>
  close(): void
}

export async function connect(
  origin: string,
  namespace: Namespace | string,
  options: { headers?: Record<string, string>; hello?: unknown } = {},
): Promise<Device> {
  const role = namespace === 'viewer' ? 'viewer' : 'camera-agent'
  const hello = options.hello ?? { agent: `${role}/0.1.0`, versions: [1] }
  const socket = io(namespace ? `${origin}/${namespace}` : origin, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    auth: hello as Record<string, unknown>,
    extraHeaders: options.headers ?? {},
  })
  const received: Device['received'] = []
  const waiting = new Set<() => void>()
  const challenge = Promise.withResolvers<Challenge>()
  const disconnected = Promise.withResolvers<string>()
  socket.on('challenge', challenge.resolve)
  socket.on('disconnect', disconnected.resolve)
  socket.onAny((event: string, value: unknown) => {
    received.push({ event, value })
    for (const look of waiting) look()
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('connect', resolve)
  socket.once('connect_error', reject)
  await promise.catch(error => {
    socket.disconnect()
    throw error
  })
  return {
    socket,
    challenge: challenge.promise,
    received,
    disconnected: disconnected.promise,
    ask: (event, ...args) => socket.timeout(20_000).emitWithAck(event, ...args),
    event(name, wanted = () => true) {
      const found = Promise.withResolvers<Record<string, unknown>>()
      const look = () => {
        const hit = received.find(
          each => each.event === name && wanted(each.value as Record<string, unknown>),
        )
        if (!hit) return
        waiting.delete(look)
        found.resolve(hit.value as Record<string, unknown>)
      }
      waiting.add(look)
      look()
      return found.promise
    },
    close: () => void socket.disconnect(),
  }
}

/** Answers this device's own challenge with `key`; the reply as the server gave it. */
export async function authenticate(
  device: Device,
  key: KeyPair,
  role: 'viewer' | 'camera',
  origin: string,
): Promise<Record<string, unknown>> {
  return device.ask('auth', { auth: await sealAuth(await device.challenge, { key, role, origin }) })
}

export async function connectAs(origin: string, role: 'viewer' | 'camera', key: KeyPair): Promise<Device> {
  const device = await connect(origin, role)
  const reply = await authenticate(device, key, role, origin)
  if (reply.ok !== true) throw new Error(`not authenticated: ${JSON.stringify(reply)}`)
  return device
}

/** The sum of a counter's or gauge's samples whose labels hold all of `labels`. */
export async function readMetric(
  server: { healthPort: number },
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const { text } = await rawRequest(`http://127.0.0.1:${server.healthPort}`, { path: '/metrics' })
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return text
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter(line => wanted.every(each => line.includes(each)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never came true: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
