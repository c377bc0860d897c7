import type { IncomingMessage } from 'node:http'

/**
 * Which requests are ours at all: the Host must be this server's own (else a page elsewhere has bound a name to our
 * address), and whatever a browser sends from another origin is refused.
 */
export type OriginFault = 'host' | 'origin' | undefined

export function judgeOrigin(request: IncomingMessage, own: string, unsafe: boolean): OriginFault {
  const url = new URL(own)
  if (request.headers.host?.toLowerCase() !== url.host) return 'host'
  const { origin } = request.headers
  if (origin !== undefined && origin !== own) return 'origin'
  const site = request.headers['sec-fetch-site']
  if (unsafe && site !== undefined && site !== 'same-origin') return 'origin'
  if (unsafe && origin === undefined && site === undefined) return 'origin'
  return undefined
}

/** The address that limits are counted by: the socket's, or behind a proxy the one the proxy saw. */
export function clientAddress(request: IncomingMessage, behindProxy: boolean): string {
  const forwarded = behindProxy
    ? String(request.headers['x-forwarded-for'] ?? '')
        .split(',')
        .at(-1)
        ?.trim()
    : undefined
  return forwarded || request.socket.remoteAddress || 'unknown'
}
