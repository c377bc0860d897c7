import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as openSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import { apiClient, connect, rawRequest } from '../../support/signaling-client.ts'

describe('signaling over http', () => {
  let server: TestSignaling
  let viewer: string
  before(async () => {
    viewer = mkdtempSync(join(tmpdir(), 'ownsight-viewer-'))
    mkdirSync(join(viewer, 'assets'))
    writeFileSync(join(viewer, 'index.html'), '<!doctype html><title>viewer</title>')
    writeFileSync(join(viewer, 'assets', 'app-DeadBeef.js'), 'export {}')
    writeFileSync(join(viewer, 'manifest.webmanifest'), '{}')
    server = await startTestSignaling({ viewer })
  })
  after(async () => {
    await server.close()
    rmSync(viewer, { recursive: true })
  })

  const get = (path: string, headers = {}) => rawRequest(server.origin, { path, headers })

  it('serves the page with headers that let nothing foreign in', async () => {
    const { status, headers, text } = await get('/')
    assert.equal(status, 200)
    assert.match(text, /<title>viewer/)
    const policy = Object.fromEntries(
      String(headers['content-security-policy'])
        .split('; ')
        .map(each => [each.split(' ')[0], each.split(' ').slice(1).join(' ')]),
    )
    assert.equal(policy['default-src'], "'none'")
    assert.equal(policy['script-src'], "'self'")
    assert.equal(policy['style-src'], "'self'")
    assert.equal(policy['img-src'], "'self' data: blob:")
    assert.equal(policy['media-src'], "'self' blob: mediastream:")
    assert.equal(policy['connect-src'], `'self' ${server.origin.replace('http', 'ws')}`)
    for (const name of ['base-uri', 'form-action', 'frame-ancestors']) assert.equal(policy[name], "'none'")
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|\*|https?:\/\/(?!127)/)
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
    assert.match(String(headers['permissions-policy']), /camera=\(self\)/)
    assert.equal(headers['strict-transport-security'], undefined, 'never over plain http')
  })

  it('keeps hashed assets for ever and the page never', async () => {
    assert.equal((await get('/')).headers['cache-control'], 'no-store')
    assert.equal((await get('/index.html')).headers['cache-control'], 'no-store')
    assert.match(String((await get('/assets/app-DeadBeef.js')).headers['cache-control']), /immutable/)
    assert.doesNotMatch(String((await get('/manifest.webmanifest')).headers['cache-control']), /immutable/)
  })

  it('serves nothing outside the folder', async () => {
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/..%2f..%2fetc/passwd', '/.env'])
      assert.ok((await get(path)).status >= 400, path)
  })

  it('F8: nothing personal may be stored by anybody on the way', async () => {
    const paths = ['/api/state', '/api/cameras', '/api/roster', '/api/nothing', '/api/state?x=.js']
    for (const path of paths) {
      const { headers } = await get(path)
      assert.equal(headers['cache-control'], 'no-store', path)
      assert.equal(headers.etag, undefined, path)
    }
  })

  it('refuses another Host: a name bound to our address is not us', async () => {
    for (const host of [
      'evil.example',
      `localhost:${server.port}`,
      '127.0.0.1',
      `127.0.0.1:${server.port}.evil.example`,
    ]) {
      const { status, body, headers } = await get('/api/state', { host })
      assert.equal(status, 421, host)
      assert.match(String(body.message), /address/)
      assert.equal(headers['set-cookie'], undefined)
    }
  })

  it('refuses to change anything for a page of another origin, or for one that hides it', async () => {
    const attempts = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://localhost:${server.port}` },
      { origin: server.origin, 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      {},
    ]
    for (const headers of attempts) {
      const answer = await rawRequest(server.origin, {
        method: 'POST',
        path: '/api/sign-in',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ token: 'x'.repeat(22) }),
      })
      assert.equal(answer.status, 403, JSON.stringify(headers))
    }
  })

  it('refuses a websocket from a page of another origin, and under another Host', async () => {
    const foreign = [
      { origin: 'https://evil.example' },
      { origin: `http://localhost:${server.port}` },
      { origin: 'null' },
      { host: 'evil.example' },
      { host: 'evil.example', origin: 'http://evil.example' },
    ]
    for (const headers of foreign) {
      const namespaces = ['viewer', 'camera', 'unpaired']
      for (const name of namespaces)
        await assert.rejects(connect(server.origin, name, { headers }), JSON.stringify(headers))
    }
    const own = await connect(server.origin, 'viewer', { headers: { origin: server.origin } })
    own.close()
  })

  it('speaks websocket only: no polling, no client script', async () => {
    assert.equal((await get('/socket.io/?EIO=4&transport=polling')).status, 400)
    assert.ok((await get('/socket.io/socket.io.js')).status >= 400)
  })

  it('refuses what it does not know, in one sentence', async () => {
    const client = apiClient(server.origin)
    const bad: [string, string, unknown, number][] = [
      ['POST', '/api/sign-in', { token: 'x'.repeat(22), more: 1 }, 400],
      ['POST', '/api/sign-in', { name: 'a' }, 400],
      ['POST', '/api/sign-in', '{"name":', 400],
      ['POST', '/api/sign-in', '{"__proto__":{"x":1},"token":"xxxxxxxxxxxxxxxxxxxxxx"}', 400],
      ['POST', '/api/sign-in', { token: ['x'] }, 400],
      ['POST', '/api/sign-up', { token: 'x'.repeat(22), name: 'a', password: 'short' }, 400],
      ['POST', '/api/sign-up', { token: 'x'.repeat(22), name: 'a', password: 'é'.repeat(65) }, 400],
      ['POST', '/api/sign-up', { token: 'x'.repeat(22), name: '', password: 'x'.repeat(20) }, 400],
      ['PUT', '/api/roster', { version: 1, sealed: 'x'.repeat(200_000) }, 413],
      ['GET', '/api/nothing', undefined, 404],
    ]
    for (const [method, path, body, status] of bad) {
      const answer = await client.call(method, path, body)
      assert.equal(
        answer.status,
        status,
        `${method} ${path} ${String(JSON.stringify(body)).slice(0, 80)} ${answer.text}`,
      )
      assert.equal(typeof answer.body.error, 'string')
      assert.match(String(answer.body.message), /^[A-Z].*\.$/)
    }
    const form = await client.call('POST', '/api/sign-in', 'token=x', {
      'content-type': 'application/x-www-form-urlencoded',
    })
    assert.equal(form.status, 415)
  })

  it('hangs up on who asks too much', async () => {
    const headers = { connection: 'keep-alive' }
    const ask = () => rawRequest(server.origin, { path: '/api/state', localAddress: '127.0.0.77', headers })
    let asked = 1
    let answer = await ask()
    while (answer.status === 200 && asked++ < 1000) {
      assert.notEqual(answer.headers.connection, 'close')
      answer = await ask()
    }
    assert.deepEqual([answer.status, answer.headers.connection], [429, 'close'])
  })

  for (const [ahead, answered] of [
    [10, true],
    [11, false],
  ] as const)
    it(`${answered ? 'answers' : 'closes'} a connection over which ${ahead} requests are sent at once`, async () => {
      const { port, host } = new URL(server.origin)
      const socket = openSocket({ port: Number(port), host: '127.0.0.1', localAddress: '127.0.0.78' })
      let text = ''
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk
      })
      const closed = new Promise(resolve => socket.once('close', resolve))
      const one = `GET /api/state HTTP/1.1\r\nHost: ${host}\r\n`
      socket.write([...Array(ahead - 1).fill(one), `${one}Connection: close\r\n`, ''].join('\r\n'))
      await closed
      assert.equal(text.split('HTTP/1.1 200').length - 1, answered ? ahead : 0)
    })
})
