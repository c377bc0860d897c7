import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, isIP, type Server, type Socket } from 'node:net'
import { connect, createSecureContext, type TLSSocket } from 'node:tls'
import { type SourceCode, SourceFault } from './source-status.ts'

export type Trust = {
  /** Path of a PEM file: the one authority, or the camera's own certificate. */
  ca?: string | undefined
  /** SHA-256 of the one certificate that is taken, 64 hexadecimal digits; names and authorities then do not matter. */
  fingerprint?: string | undefined
}

export type Tunnel = {
  /** The same stream as plain RTSP on this machine, for one connection. */
  url: string
  close(): void
}

const CONNECT_MS = 5000
const ACCEPT_MS = 15_000
const RTSPS_PORT = 322
/** Scheme, user and password, host and port. */
const AUTHORITY = /^rtsps:\/\/([^/?]*@)?[^/?]*/i
/** The certificate is judged, and no authority knows it. */
const UNTRUSTED = /^(CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|ERR_TLS_CERT|INVALID_CA|HOSTNAME_MISMATCH)/

/**
 * Connects to an `rtsps://` camera and judges its certificate before the first byte of a request, which may hold a
 * password, is sent. FFmpeg has no pins and, depending on its build, does not compare names: it is left plain RTSP on a
 * port of this machine that takes one connection. Whoever got there first would reach what anybody on the network
 * reaches, and the source would fail where it can be seen.
 * @throws {SourceFault}
 */
export async function openTunnel(url: string, trust: Trust): Promise<Tunnel> {
  const target = new URL(url)
  const camera = await connectTo(target, trust)
  const server = createServer()
  const close = () => {
    clearTimeout(timer)
    server.close()
    camera.destroy()
  }
  const timer = setTimeout(close, ACCEPT_MS)
  server.maxConnections = 1
  server.once('connection', (local: Socket) => {
    clearTimeout(timer)
    server.close()
    join(local, camera)
  })
  server.on('error', close)
  camera.on('error', close).on('close', close)
  const port = await listen(server)
  return { url: url.replace(AUTHORITY, (_, login = '') => `rtsp://${login}127.0.0.1:${port}`), close }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', () => reject(new SourceFault('crashed')))
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function connectTo({ hostname, port }: URL, { ca, fingerprint }: Trust): Promise<TLSSocket> {
  const host = hostname.replace(/^\[|\]$/g, '')
  const authorities = ca === undefined ? undefined : certificateIn(ca)
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port || RTSPS_PORT),
      ...(isIP(host) ? {} : { servername: host }),
      ...(authorities ? { ca: authorities } : {}),
      rejectUnauthorized: fingerprint === undefined,
      minVersion: 'TLSv1.2',
    })
    const fail = (code: SourceCode) => {
      clearTimeout(timer)
      socket.destroy()
      reject(new SourceFault(code))
    }
    const timer = setTimeout(fail, CONNECT_MS, 'timeout')
    let reached = false
    socket.once('connect', () => {
      reached = true
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (UNTRUSTED.test(error.code ?? '')) fail('tls_untrusted')
      else fail(reached ? 'tls_failed' : 'unreachable')
    })
    socket.once('close', () => fail('tls_failed'))
    socket.once('secureConnect', () => {
      if (fingerprint !== undefined && fingerprintOf(socket) !== fingerprint.toLowerCase())
        return fail('tls_fingerprint')
      clearTimeout(timer)
      socket.removeAllListeners('error').removeAllListeners('close')
      resolve(socket)
    })
  })
}

const fingerprintOf = (socket: TLSSocket): string =>
  createHash('sha256')
    .update(socket.getPeerX509Certificate()?.raw ?? '')
    .digest('hex')

function certificateIn(path: string): Buffer {
  try {
    const pem = readFileSync(path)
    createSecureContext({ ca: pem })
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  } catch {
    // said below
  }
  throw new SourceFault('tls_no_ca')
}

/** Passes bytes both ways, each at the other's pace, until one end is gone. */
function join(local: Socket, camera: TLSSocket) {
  const end = () => {
    local.destroy()
    camera.destroy()
  }
  local.on('error', end).on('close', end).pipe(camera)
  camera.on('close', end).on('end', end).pipe(local)
}
