import type { Server as HttpServer } from 'node:http'
import {
  type CameraToServer,
  hello,
  type ServerToCamera,
  type ServerToUnpaired,
  type ServerToViewer,
  type UnpairedToServer,
  type ViewerToServer,
} from '@ownsight/protocol/events'
import { SOCKET_MESSAGE_MAX_BYTES } from '@ownsight/protocol/limits'
import { versionConflict } from '@ownsight/protocol/version'
import { type DefaultEventsMap, Server, type Socket } from 'socket.io'
import * as v from 'valibot'
import { clientAddress, judgeOrigin } from './origin-guard.ts'
import { rateLimit } from './rate-limit.ts'
import type { Runtime } from './runtime.ts'

type SocketData = { beacon?: string; address?: string }
export type CameraSocket = Socket<CameraToServer, ServerToCamera, DefaultEventsMap, SocketData>
export type ViewerSocket = Socket<ViewerToServer, ServerToViewer, DefaultEventsMap, SocketData>
export type UnpairedSocket = Socket<UnpairedToServer, ServerToUnpaired, DefaultEventsMap, SocketData>

/** Sockets that have not yet proved anything, in all. */
const UNPROVED_MAX = 2000

/**
 * The socket.io server: websocket only, no compression (it costs fifteen times the memory), and no connection state
 * recovery: that is a store of messages keyed by an id a thief could present.
 */
export function createSockets(http: HttpServer, runtime: Runtime): Server {
  const connects = rateLimit({ burst: 60, perMinute: 240 })
  const io = new Server(http, {
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: SOCKET_MESSAGE_MAX_BYTES,
    connectTimeout: 5000,
    pingInterval: 10_000,
    pingTimeout: 8000,
    allowRequest: (request, allow) => {
      const fault = judgeOrigin(request, runtime.origin(), false)
      const busy =
        !fault &&
        (io.engine.clientsCount >= UNPROVED_MAX * 10 ||
          !connects.take(clientAddress(request, runtime.config.behindProxy !== undefined)))
      if (fault || busy) runtime.metrics.refused.inc({ reason: fault ?? 'rate' })
      allow(fault ?? (busy ? 'rate' : null), !fault && !busy)
    },
  })
  io.engine.on('connection', (socket: { request: unknown }) => {
    // Halves the memory of an idle connection; what is needed of it is in the handshake.
    socket.request = null
  })
  return io
}

/** Refuses a client that speaks no common version, with the sentence that says which program to update. */
export function checkHello(runtime: Runtime) {
  return (socket: { handshake: { auth: unknown } }, next: (error?: Error) => void): void => {
    const parsed = v.safeParse(hello, socket.handshake.auth)
    const party = parsed.success && parsed.output.agent.startsWith('viewer/') ? 'viewer' : 'camera agent'
    const message = parsed.success
      ? versionConflict(parsed.output.versions, party, 'signaling server')
      : 'Update the viewer or the camera agent: this server does not know what it said.'
    if (!message) {
      next()
      return
    }
    runtime.metrics.refused.inc({ reason: 'version' })
    next(Object.assign(new Error('version'), { data: { code: 'version', message } }))
  }
}
