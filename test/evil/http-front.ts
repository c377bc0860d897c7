import {
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'

/** A request and a response as whole pieces, so that they can be kept, swapped and changed. */
export type HttpRequest = {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}
export type HttpResponse = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export const bodyOf = async (message: IncomingMessage): Promise<Buffer> =>
  Buffer.concat(await message.toArray())

export const readRequest = async (incoming: IncomingMessage): Promise<HttpRequest> => ({
  method: incoming.method ?? 'GET',
  url: incoming.url ?? '/',
  headers: incoming.headers,
  body: await bodyOf(incoming),
})

/** To the server behind, with every header as it came: Host, Origin and cookies are the client's own. */
export function fetchUpstream(port: number, request: HttpRequest): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
  const { method, url, headers, body } = request
  forward({ host: '127.0.0.1', port, method, path: url, headers, agent: false })
    .on('error', reject)
    .on('response', answer => {
      const { statusCode = 502, headers: received } = answer
      bodyOf(answer).then(whole => resolve({ status: statusCode, headers: received, body: whole }), reject)
    })
    .end(body)
  return promise
}

/** Headers of one hop stay on it; the body's length is counted anew. */
export function sendResponse(outgoing: ServerResponse, { status, headers, body }: HttpResponse): void {
  const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...kept } = headers
  outgoing.writeHead(status, { ...kept, 'content-length': body.length })
  outgoing.end(body)
}

export const isJson = (response: HttpResponse): boolean =>
  response.headers['content-type']?.startsWith('application/json') ?? false
