import type { IncomingMessage } from 'node:http'
import { isIP, isIPv6 } from 'node:net'

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

/**
 * Where a request comes from. Behind a proxy it is the last hop of X-Forwarded-For, the only one that the proxy itself
 * wrote: everything left of it is the client's own claim.
 */
export function clientAddress(request: IncomingMessage, behindProxy: boolean): string {
  const direct = request.socket.remoteAddress ?? 'unknown'
  if (!behindProxy) return direct
  const last =
    String(request.headers['x-forwarded-for'] ?? '')
      .split(',')
      .at(-1)
      ?.trim() ?? ''
  return isIP(last) ? last : direct
}

/** One household, for counting: an IPv4 address, or the /64 that an IPv6 address lies in. */
export function addressKey(address: string): string {
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (v4) return v4
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const left = head.split(':').filter(Boolean)
  const right = (tail ?? '').split(':').filter(Boolean)
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  const groups = [...left, ...zeros, ...right].slice(0, 4)
  return groups.map(group => Number.parseInt(group, 16).toString(16)).join(':')
}
