import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { startTestSignaling } from '../support/signaling.ts'
import { rawRequest, signUp } from '../support/signaling-client.ts'

/** Texts that would be keys or tokens: a PEM private key, a JWK's private part, 32 bytes as base64url in quotes. */
const SECRETS = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /["']?d["']?\s*:\s*["'][A-Za-z0-9_-]{43}["']/,
  /["'`][A-Za-z0-9_-]{43}["'`]/,
]

const secretIn = (text: string): RegExp | undefined => SECRETS.find(each => each.test(text))

describe('what the viewer is shipped with', () => {
  const files = () =>
    readdirSync(viewerFolder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
  before(() => buildViewer(() => undefined))

  it('F17: it holds no key and no token, so it opens nothing', () => {
    const all = files()
    assert.ok(all.length >= 3)
    for (const file of all) assert.equal(secretIn(readFileSync(file, 'latin1')), undefined, file)
    const key = randomBytes(32).toString('base64url')
    for (const planted of [`const k="${key}"`, `{d:'${key}'}`, '-----BEGIN EC PRIVATE KEY-----'])
      assert.ok(secretIn(planted))
  })

  it('F17: every account of every server gets the same bytes', async () => {
    const servers = await Promise.all([1, 2].map(() => startTestSignaling({ viewer: viewerFolder })))
    try {
      const clients = await Promise.all(
        servers.map((server, i) => signUp(server.origin, `somebody-${i}`, { token: server.setupToken })),
      )
      for (const file of files()) {
        const path = `/${file.slice(viewerFolder.length + 1)}`
        const [one, other] = await Promise.all(clients.map(client => client.call('GET', path)))
        const stranger = await rawRequest(servers[0]?.origin ?? '', { path })
        assert.equal(one?.text, other?.text, path)
        assert.equal(one?.text, stranger.text, path)
      }
    } finally {
      await Promise.all(servers.map(server => server.close()))
    }
  })
})
