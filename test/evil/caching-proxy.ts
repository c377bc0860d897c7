import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { fetchUpstream, type HttpResponse, readRequest, sendResponse } from './http-front.ts'

export type CachingProxy = {
  readonly origin: string
  readonly port: number
  /** addresses that were served from the store, once for each time */
  readonly hits: string[]
  /** the port behind; a proxy must listen before the server behind can be told its origin */
  to(upstream: number): void
  close(): Promise<void>
}

/**
 * The worst cache there is: it stores the response to every GET by its address alone, cookies or not, whatever
 * `Cache-Control` says, and serves it to everybody. Set-Cookie headers are stored with the rest. Websockets pass.
 */
export async function startCachingProxy(): Promise<CachingProxy> {
  const store = new Map<string, HttpResponse>()
  const hits: string[] = []
  let upstream = 0
  const server = createServer(async (incoming, outgoing) => {
    try {
      const request = await readRequest(incoming)
      const stored = request.method === 'GET' ? store.get(request.url) : undefined
      if (stored) hits.push(request.url)
      const response = stored ?? (await fetchUpstream(upstream, request))
      if (request.method === 'GET' && response.status === 200) store.set(request.url, response)
      sendResponse(outgoing, response)
    } catch {
      outgoing.destroy()
    }
  })
  server.on('upgrade', ({ url, rawHeaders }, socket, head) => {
    const behind = connect(upstream, '127.0.0.1', () => {
      const lines = rawHeaders.reduce((text, value, i) => text + value + (i % 2 ? '\r\n' : ': '), '')
      behind.write(`GET ${url} HTTP/1.1\r\n${lines}\r\n`)
      behind.write(head)
      socket.pipe(behind).pipe(socket)
    })
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
  })
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve()),
  )
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    hits,
    to(behind) {
      upstream = behind
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
