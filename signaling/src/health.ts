import { createServer, type Server } from 'node:http'
import type { Metrics } from './metrics.ts'

/** /metrics, /healthz and /readyz on a loopback listener of their own, never on the public one. */
export async function openHealth(port: number, metrics: Metrics, ready: () => boolean): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    if (request.method !== 'GET') return void answer(405, 'GET only\n')
    if (request.url === '/healthz') return void answer(200, 'ok\n')
    if (request.url === '/readyz') return void (ready() ? answer(200, 'ready\n') : answer(503, 'not ready\n'))
    if (request.url !== '/metrics') return void answer(404, 'not found\n')
    metrics.registry.metrics().then(
      body => answer(200, body, metrics.registry.contentType),
      () => answer(500, 'no metrics\n'),
    )
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, '127.0.0.1', resolve)
  await promise
  return server
}
