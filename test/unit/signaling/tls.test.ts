import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { io } from 'socket.io-client'
import { freePort, runSignaling, type SignalingProcess, spawnTestSignaling } from '../../support/signaling.ts'

/** The commands of docs/OPERATIONS.md, from its own text: the page is right as long as this passes. */
function privateAuthority(folder: string): void {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'OPERATIONS.md'), 'utf8')
  const commands = /# the authority[\s\S]*?-out server\.pem/.exec(page)?.[0] ?? 'false'
  const local = commands.replace('IP:192.168.1.20', 'IP:127.0.0.1')
  execFileSync('bash', ['-euc', local], { cwd: folder, stdio: 'ignore' })
}

describe('signaling over https with a private authority', () => {
  let folder: string
  let server: SignalingProcess
  let origin: string
  let ca: Buffer
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ownsight-tls-'))
    privateAuthority(folder)
    ca = readFileSync(join(folder, 'ca.pem'))
    const port = await freePort()
    origin = `https://watch.home.arpa:${port}`
    const files = ['--cert', join(folder, 'server.pem'), '--key', join(folder, 'server.key')]
    server = await spawnTestSignaling({ port, args: [...files, '--origin', origin] })
  })
  after(async () => {
    await server?.close()
    rmSync(folder, { recursive: true })
  })

  const call = (path: string, body?: unknown, trust: Buffer | undefined = ca) => {
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number
      headers: Record<string, unknown>
    }>()
    const headers = { host: new URL(origin).host, origin, 'content-type': 'application/json' }
    const options = { port: server.port, path, method: body ? 'POST' : 'GET', headers, ca: trust }
    const outgoing = request({ ...options, host: '127.0.0.1', servername: 'watch.home.arpa' })
    outgoing.on('error', reject).on('response', incoming => {
      incoming.resume()
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers })
    })
    outgoing.end(body ? JSON.stringify(body) : undefined)
    return promise
  }

  it('is trusted by who installed the authority, and by nobody else', async () => {
    assert.equal(server.origin, origin)
    assert.equal((await call('/api/state')).status, 200)
    await assert.rejects(call('/api/state', undefined, Buffer.alloc(0)), /self-signed|unable to/)
  })

  it('gives a secure cookie under a name that no other host can set', async () => {
    const body = { token: server.setupToken, name: 'Anna', password: 'correct horse battery' }
    const { status, headers } = await call('/api/sign-up', body)
    assert.equal(status, 201)
    assert.match(
      String(headers['set-cookie']),
      /^__Host-sid=[\w-]{43};.*Path=\/;.*HttpOnly; Secure; SameSite=Strict/,
    )
    assert.equal(headers['strict-transport-security'], 'max-age=31536000')
    assert.match(
      String(headers['content-security-policy']),
      new RegExp(`connect-src 'self' wss://watch.home.arpa:${server.port}`),
    )
  })

  it('takes websockets over it', async () => {
    const socket = io(`https://127.0.0.1:${server.port}/viewer`, {
      transports: ['websocket'],
      reconnection: false,
      auth: { agent: 'viewer/0.1.0', versions: [1] },
      extraHeaders: { host: new URL(origin).host, origin },
      ca: ca.toString(),
    })
    const challenge = await new Promise<{ sock: string }>((resolve, reject) => {
      socket.on('challenge', resolve).on('connect_error', reject)
    })
    assert.equal(challenge.sock, socket.id)
    socket.disconnect()
  })

  it('refuses a certificate that is none, in one sentence', async () => {
    const junk = join(folder, 'junk.pem')
    writeFileSync(junk, 'not a certificate')
    const args = ['--data', join(folder, 'data'), '--port', '0', '--cert', junk, '--key', junk]
    const { exited, output } = runSignaling(args)
    assert.equal((await exited).code, 2)
    assert.match(output(), /no PEM certificate/)
  })
})
