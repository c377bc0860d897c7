import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'

export type Identity = { cert: string; key: string; fingerprint: string }

/** A certificate that signs itself, as cameras have; `names` as in subjectAltName. */
export function selfSigned(folder: string, file: string, names = 'IP:127.0.0.1'): Identity {
  const [cert, key] = [join(folder, `${file}.pem`), join(folder, `${file}.key`)]
  const make = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=camera -addext subjectAltName=${names}`
  execFileSync('openssl', [...make.split(' '), '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return { cert, key, fingerprint: new X509Certificate(readFileSync(cert)).fingerprint256 }
}

/** Puts TLS before a plain RTSP server on loopback; keeps what clients say to it once TLS stands. */
export async function startTls({ cert, key }: Identity, target: number | ((socket: Socket) => void)) {
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, socket => {
    sockets.add(socket)
    socket.on('error', () => {}).on('data', data => heard.push(data.toString('latin1')))
    if (typeof target === 'function') return target(socket)
    const inner = connect(target, '127.0.0.1')
    inner.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.on('close', () => inner.destroy())
    socket.pipe(inner).pipe(socket)
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
