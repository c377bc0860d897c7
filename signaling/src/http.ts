import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import fastifyCookie from '@fastify/cookie'
import { ROSTER_MAX_BYTES } from '@ownsight/protocol/limits'
import Fastify, { type FastifyInstance } from 'fastify'
import { serveApi } from './api.ts'
import { judgeOrigin } from './origin-guard.ts'
import { securityHeaders, servePages } from './pages.ts'
import { perTurn } from './per-turn.ts'
import type { Runtime } from './runtime.ts'
import { ApiError, SignalingError } from './signaling-error.ts'

/** A sealed roster and what JSON puts around it. */
const BODY_MAX_BYTES = ROSTER_MAX_BYTES + 4096

/** Some 2 ms of work: longer than that no socket waits for requests. */
const REQUESTS_PER_TURN = 20

const UNSAFE = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

const ORIGIN_FAULT = {
  host: 'This server answers under its own address only. Open it at the address it was set up for.',
  origin: 'Requests from other pages are refused.',
} as const

export function createHttp(runtime: Runtime): FastifyInstance {
  const serverFactory = (handler: RequestListener): Server => openServer(runtime.config.tlsFiles, handler)
  const app = Fastify({
    serverFactory,
    bodyLimit: BODY_MAX_BYTES,
    logger: false,
    forceCloseConnections: true,
  })

  const turn = perTurn(REQUESTS_PER_TURN)
  app.addHook('onRequest', async (request, reply) => {
    await turn()
    reply.headers(securityHeaders(runtime.origin(), runtime.config.secure))
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store')
    const fault = judgeOrigin(request.raw, runtime.origin(), UNSAFE.has(request.method))
    if (!fault) return
    runtime.metrics.refused.inc({ reason: fault })
    throw new ApiError(fault === 'host' ? 421 : 403, fault, ORIGIN_FAULT[fault])
  })
  app.addHook('onResponse', async (request, reply) => {
    const kind = request.routeOptions.url ?? 'other'
    runtime.log({
      event: 'request',
      namespace: 'http',
      kind,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    })
  })
  app.setErrorHandler((error, _request, reply) => {
    reply.header('cache-control', 'no-store')
    if (error instanceof ApiError) {
      // Who asks too much has to connect anew for each further request.
      if (error.retryAfter) reply.headers({ 'retry-after': error.retryAfter, connection: 'close' })
      return reply
        .code(error.status)
        .send({ error: error.code, ...(error.field ? { field: error.field } : {}), message: error.message })
    }
    const status = (error as { statusCode?: number }).statusCode ?? 500
    if (status < 500)
      return reply
        .code(status)
        .send({ error: 'bad_form', message: 'This request is not one the server knows.' })
    runtime.log({ event: 'fault', namespace: 'http', result: (error as Error).name })
    return reply.code(500).send({ error: 'fault', message: 'Something went wrong here. Try again.' })
  })
  app.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .header('cache-control', 'no-store')
      .send({ error: 'not_found', message: 'There is nothing here.' }),
  )
  app.register(fastifyCookie)
  app.after(() => serveApi(app, runtime))
  if (runtime.config.viewer) servePages(app, runtime.config.viewer)
  return app
}

/** How long a request may take to arrive, its head first, and how often that is looked at. */
const PATIENCE = { requestTimeout: 15_000, headersTimeout: 10_000, connectionsCheckingInterval: 2500 }
/** A connection over which nothing moves, either way. A websocket is not under it, it has a heartbeat. */
const IDLE_MS = 15_000

/** A server that fastify is given keeps its own limits: fastify's settings are not applied to it. */
function openServer(files: { cert: Buffer; key: Buffer } | undefined, handler: RequestListener): Server {
  const patient = cutPipelines(handler)
  const server = files ? openTls(files, patient) : createServer(PATIENCE, patient)
  return server.setTimeout(IDLE_MS)
}

/** Requests on their way over one connection (RFC 9112 §9.3.2). Browsers send one, and proxies too. */
const AHEAD_MAX = 10

/** Node reads, and keeps, as many requests as somebody sends ahead of their answers. */
function cutPipelines(handler: RequestListener): RequestListener {
  const ahead = new WeakMap<Socket, number>()
  return (request, response) => {
    const { socket } = request
    const open = (ahead.get(socket) ?? 0) + 1
    if (open > AHEAD_MAX) socket.destroy()
    if (socket.destroyed) return
    ahead.set(socket, open)
    response.once('close', () => ahead.set(socket, (ahead.get(socket) ?? 1) - 1))
    handler(request, response)
  }
}

/** @throws SignalingError for a certificate or key that is none */
function openTls(files: { cert: Buffer; key: Buffer }, handler: RequestListener): Server {
  try {
    // The same interface but for the type's name.
    return createTlsServer({ ...PATIENCE, ...files, minVersion: 'TLSv1.2' }, handler) as unknown as Server
  } catch {
    throw new SignalingError(
      'tls',
      'tls: --cert and --key are no PEM certificate and the key that belongs to it.',
    )
  }
}
