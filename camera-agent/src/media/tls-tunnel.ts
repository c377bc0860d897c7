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
  /** The same stream as plain RTSP on this machine, for one connection at a time, and two in all. */
  url: string
  close(): void
}

const CONNECT_MS = 5000
/** No connection is taken later. */
const ACCEPT_MS = 15_000
/** With the sound, and without it where that could not be had. */
const CONNECTIONS = 2
const RTSPS_PORT = 322
/** Scheme, user and password, host and port. */
const AUTHORITY = /^rtsps:\/\/([^/?]*@)?[^/?]*/i
/** The certificate is judged, and no authority knows it. */
const UNTRUSTED = /^(CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|ERR_TLS_CERT|INVALID_CA|HOSTNAME_MISMATCH)/

/**
 * Connects to an `rtsps://` camera and judges its certificate before the first byte of a request, which may hold a
 * password, is sent. FFmpeg has no pins and, depending on its build, does not compare names: it is left plain RTSP on a
 * port of this machine that takes one connection, and one more when that has ended soon: a camera may be asked again,
 * for less. Whoever got there first would reach what anybody on the network reaches, and the source would fail where it
 * can be seen.
 * @throws {SourceFault}
 */
export async function openTunnel(url: string, trust: Trust): Promise<Tunnel> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const keep = <S extends Socket>(socket: S): S => {
    sockets.add(socket)
    return socket.once('close', () => sockets.delete(socket))
  }
  let ready: TLSSocket | undefined = keep(await connectTo(target, trust))
  ready.on('error', () => {})
  const server = createServer()
  let isOver = false
  const over = () => {
    isOver = true
    clearTimeout(timer)
    server.close()
    ready?.destroy()
  }
  const timer = setTimeout(over, ACCEPT_MS)
  const cameraNow = async (): Promise<TLSSocket> => {
    const checked = ready
    ready = undefined
    return checked && !checked.destroyed ? checked : keep(await connectTo(target, trust))
  }
  /** Each connection has the camera to itself: the second waits until the first has ended. */
  const carry = async (local: Socket) => {
    if (!isOver && !local.destroyed) await join(local, await cameraNow())
  }
  let turn = Promise.resolve()
  let left = CONNECTIONS
  server.on('connection', (local: Socket) => {
    keep(local).on('error', () => {})
    if (--left <= 0) server.close()
    turn = turn
      .then(() => carry(local))
      .catch(() => {})
      .then(() => void local.destroy())
  })
  server.on('error', over)
  const close = () => {
    over()
    for (const socket of sockets) socket.destroy()
  }
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

/** Passes bytes both ways, each at the other's pace, until one end is gone; resolves when both are. */
async function join(local: Socket, camera: TLSSocket): Promise<void> {
  const ends = [local, camera].map(
    socket =>
      new Promise<void>(resolve => (socket.closed ? resolve() : socket.once('close', () => resolve()))),
  )
  const end = () => {
    local.destroy()
    camera.destroy()
  }
  local.on('error', end).on('close', end).pipe(camera)
  camera.on('error', end).on('close', end).on('end', end).pipe(local)
  if (local.destroyed || camera.destroyed) end()
  await Promise.all(ends)
}
