import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { hello } from '@ownsight/protocol/events'
import { SOCKET_MESSAGE_MAX_BYTES } from '@ownsight/protocol/limits'
import { versionConflict } from '@ownsight/protocol/version'
import { type DefaultEventsMap, Server, type Socket } from 'socket.io'
import * as v from 'valibot'
import { createAdmission } from './admission.ts'
import { addressKey, clientAddress, judgeOrigin } from './origin-guard.ts'
import { rateLimit } from './rate-limit.ts'
import type { Runtime } from './runtime.ts'
import { type Connection, cutSlowReaders } from './slow-readers.ts'

type SocketData = {
  /** Whose this is, put here by its own proof: the account, and the id of a camera. */
  account?: string
  cam?: string
  /** The newest beacon of a camera: it lives and dies with the socket it came over. */
  beacon?: string
}
export type DeviceSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>
export type DeviceNamespace = ReturnType<Sockets['open']>

export type Sockets = {
  readonly io: Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>
  /** A namespace that only clients of a common version enter. */
  open(name: '/viewer' | '/camera' | '/unpaired'): ReturnType<Sockets['io']['of']>
  addressOf(socket: DeviceSocket): string
  /** This connection has proved who it is, or is counted elsewhere. */
  settled(socket: DeviceSocket): void
}

type EngineSocket = Connection & {
  id: string
  request: IncomingMessage | null
}

/**
 * The socket.io server: websocket only, no compression (it costs fifteen times the memory), and no connection state
 * recovery: that is a store of messages keyed by an id a thief could present.
 */
export function createSockets(http: HttpServer, runtime: Runtime): Sockets {
  const connects = rateLimit({ burst: 300, perMinute: 1200 })
  const admission = createAdmission(runtime.metrics)
  const addresses = new Map<string, string>()
  const address = (request: IncomingMessage): string =>
    addressKey(clientAddress(request, runtime.config.behindProxy !== undefined))
  const judge = (request: IncomingMessage): string | undefined => {
    const fault = judgeOrigin(request, runtime.origin(), false)
    if (fault) return fault
    if (!connects.take(address(request))) return 'rate'
    return admission.full(address(request)) ? 'pending_limit' : undefined
  }
  const io: Sockets['io'] = new Server(http, {
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: SOCKET_MESSAGE_MAX_BYTES,
    connectTimeout: 5000,
    pingInterval: 10_000,
    pingTimeout: 8000,
    allowRequest: (request, allow) => {
      const fault = judge(request)
      if (fault) runtime.metrics.refused.inc({ reason: fault })
      allow(fault ?? null, fault === undefined)
    },
  })
  io.engine.on('connection', (connection: EngineSocket) => {
    const { id, request } = connection
    const from = request ? address(request) : 'unknown'
    addresses.set(id, from)
    admission.opened(id, from)
    connection.once('close', () => {
      addresses.delete(id)
      admission.settled(id)
    })
    cutSlowReaders(connection, () => runtime.metrics.refused.inc({ reason: 'slow_reader' }))
    // What is needed of the request is kept by then; it is a quarter of an idle connection's memory.
    connection.request = null
  })
  const noRole = (_socket: unknown, next: (error: Error) => void): void => {
    runtime.metrics.refused.inc({ reason: 'no_role' })
    next(new Error('Connect as /viewer, /camera or /unpaired.'))
  }
  io.use(noRole)
  return {
    io,
    open: name => io.of(name).use(checkHello(runtime, name)),
    addressOf: socket => addresses.get(connectionOf(socket)) ?? 'unknown',
    settled: socket => admission.settled(connectionOf(socket)),
  }
}

const connectionOf = (socket: DeviceSocket): string => (socket.conn as unknown as EngineSocket).id

/** Refuses a client that speaks no common version, with the sentence that says which program to update. */
function checkHello(runtime: Runtime, namespace: string) {
  const role = namespace === '/viewer' ? 'viewer' : 'camera agent'
  const agent = namespace === '/viewer' ? 'viewer/' : 'camera-agent/'
  return (socket: { handshake: { auth: unknown } }, next: (error?: Error) => void): void => {
    const parsed = v.safeParse(hello, socket.handshake.auth)
    const message =
      parsed.success && parsed.output.agent.startsWith(agent)
        ? versionConflict(parsed.output.versions, role, 'signaling server')
        : `Update the ${role}: this server does not understand its greeting.`
    if (!message) {
      next()
      return
    }
    runtime.metrics.refused.inc({ reason: 'version' })
    next(Object.assign(new Error('version'), { data: { code: 'version', message } }))
  }
}
