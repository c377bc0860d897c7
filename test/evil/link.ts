import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { claimsOf, enteredNamespace, envelopesIn, type Frame, formatFrame, parseFrame } from './wire.ts'

/** `up`: from a client to the server; `down`: from the server to a client. */
export type Direction = 'up' | 'down'

/** One event or reply on its way. `event` of a reply is the event it answers. */
export type Packet = {
  readonly direction: Direction
  readonly link: Link
  readonly is: 'event' | 'reply'
  readonly event: string
  readonly id?: number
  readonly body: unknown
}

/** One client's connection, in two halves that meet here. */
export type Link = {
  readonly number: number
  /** `/viewer`, `/camera` or `/unpaired`, once it is known */
  readonly namespace: string
  /** id of the key that answered the challenge */
  readonly key: string | undefined
  /** id of the camera that speaks here */
  readonly cam: string | undefined
  /** binary frames so far: our programs send none */
  readonly binary: number
  isOpen(): boolean
  /** Sends past every fault. */
  send(packet: Packet): void
  /** Asks the client (`down`) or the server (`up`) behind the other's back. */
  ask(direction: Direction, event: string, body: unknown): Promise<unknown>
  /** Ends both halves at once, as a cable that is pulled. */
  cut(): void
}

/** Far above what a socket counts up to by itself. */
const OWN_IDS = 1_000_000_000

export type LinkOptions = {
  number: number
  upstream: string
  onPacket: (packet: Packet) => void
  onClose: (link: Link) => void
}

const server = new WebSocketServer({ noServer: true, perMessageDeflate: false })

/** Connects upstream first, so that what the server refuses is refused to the client in the same words. */
export function openLink(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: LinkOptions & { onOpen: (link: Link) => void },
): void {
  const { host, origin, cookie, 'user-agent': agent } = request.headers
  const given = Object.entries({ host, origin, cookie, 'user-agent': agent }).filter(([, value]) => value)
  const from = request.socket.remoteAddress
  const upstream = new WebSocket(`${options.upstream}${request.url}`, {
    perMessageDeflate: false,
    headers: Object.fromEntries(given),
    // The server counts by address: a client that calls from 127.0.3.4 still does.
    ...(from?.startsWith('127.') ? { localAddress: from } : {}),
  })
  const refuse = (status = 502) => socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\n\r\n`)
  upstream.once('unexpected-response', (_request, response) => refuse(response.statusCode))
  upstream.on('error', () => socket.destroy())
  socket.on('error', () => upstream.terminate())
  upstream.once('open', () =>
    server.handleUpgrade(request, socket, head, client => options.onOpen(join(client, upstream, options))),
  )
}

function join(client: WebSocket, upstream: WebSocket, options: LinkOptions): Link {
  const ends = { up: upstream, down: client }
  // Which event each number asks for, by the direction of the asking.
  const asked = { up: new Map<number, string>(), down: new Map<number, string>() }
  const own = new Map<number, (body: unknown) => void>()
  const who = { namespace: '', key: undefined as string | undefined, cam: undefined as string | undefined }
  let nextOwn = OWN_IDS
  let binary = 0
  const link: Link = {
    number: options.number,
    get namespace() {
      return who.namespace
    },
    get key() {
      return who.key
    },
    get cam() {
      return who.cam
    },
    get binary() {
      return binary
    },
    isOpen: () => client.readyState === WebSocket.OPEN && upstream.readyState === WebSocket.OPEN,
    send(packet) {
      const { direction, is, event, id, body } = packet
      const frame: Frame = { is, namespace: who.namespace, event, body, ...(id === undefined ? {} : { id }) }
      const end = ends[direction]
      if (end.readyState === WebSocket.OPEN) end.send(formatFrame(frame))
    },
    ask(direction, event, body) {
      const id = nextOwn++
      const { promise, resolve } = Promise.withResolvers<unknown>()
      own.set(id, resolve)
      link.send({ direction, link, is: 'event', event, id, body })
      return promise
    },
    cut() {
      client.terminate()
      upstream.terminate()
    },
  }

  function receive(direction: Direction, text: string): void {
    if (direction === 'up') who.namespace ||= enteredNamespace(text) ?? ''
    const frame = parseFrame(text)
    if (!frame) return ends[direction].send(text)
    const { is, id, body } = frame
    if (is === 'reply' && id !== undefined && own.has(id)) {
      own.get(id)?.(body)
      own.delete(id)
      return
    }
    const askers = asked[is === 'event' ? direction : opposite(direction)]
    if (is === 'event' && id !== undefined) remember(askers, id, frame.event ?? '')
    const event = frame.event ?? askers.get(id ?? -1) ?? ''
    if (direction === 'up') learn(event, body)
    options.onPacket({ direction, link, is, event, ...(id === undefined ? {} : { id }), body })
  }
  function learn(event: string, body: unknown): void {
    const [envelope] = envelopesIn(body)
    const claims = envelope && claimsOf(envelope.jws)
    if (event === 'auth') who.key = claims?.iss
    if (event === 'publish') who.cam = claims?.iss
  }
  for (const [direction, from, to] of [
    ['up', client, upstream],
    ['down', upstream, client],
  ] as const) {
    from.on('message', (data, isBinary) => {
      if (isBinary) binary++
      if (isBinary) to.send(data)
      else receive(direction, String(data))
    })
    from.on('error', () => to.terminate())
    from.once('close', (code, reason) => {
      if (code >= 3000 || code === 1000) to.close(code, reason)
      else to.terminate()
      options.onClose(link)
    })
  }
  return link
}

export const opposite = (direction: Direction): Direction => (direction === 'up' ? 'down' : 'up')

function remember(asked: Map<number, string>, id: number, event: string): void {
  asked.set(id, event)
  if (asked.size > 256) asked.delete(asked.keys().next().value ?? 0)
}
