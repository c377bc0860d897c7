import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '..', '..', '..', 'signaling')
const sources = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => ({ name, text: readFileSync(join(folder, 'src', name), 'utf8') }))

describe('the server is a switchboard', () => {
  it('has no dependency that could hold a frame', () => {
    const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    assert.deepEqual(Object.keys(dependencies).sort(), [
      '@fastify/cookie',
      '@fastify/static',
      '@ownsight/protocol',
      '@ownsight/turn-config',
      'argon2',
      'fastify',
      'kysely',
      'pino',
      'prom-client',
      'socket.io',
      'valibot',
    ])
  })

  it('cannot speak for a camera or a viewer: it signs nothing, and opens only what is meant for it', () => {
    for (const { name, text } of sources) {
      const imports = [...text.matchAll(/import (?:type )?\{([^}]*)\} from '@ownsight\/protocol\/([\w-]+)'/g)]
      for (const [, names = '', module = ''] of imports) {
        assert.doesNotMatch(names, /\bseal\w*|generateKeyPair|KeyPair/, name)
        assert.ok(
          ![
            'pairing',
            'pairing-owner',
            'pairing-camera',
            'session',
            'policy',
            'recovery',
            'roster',
            'channel',
          ].includes(module),
          `${name} imports ${module}`,
        )
      }
      assert.doesNotMatch(text, /openEnvelope|RTCPeerConnection|\bwerift\b|node-av/, name)
    }
  })

  it('reads the command line and the environment in one file', () => {
    const readers = sources
      .filter(({ text }) => /process\.(env|argv)|parseArgs/.test(text))
      .map(({ name }) => name)
    assert.deepEqual(readers, ['main.ts'])
  })

  it('keeps no state between connections that a recovered one could claim', () => {
    for (const { name, text } of sources)
      assert.doesNotMatch(text, /connectionStateRecovery|AsyncLocalStorage|perMessageDeflate: true/, name)
  })
})
