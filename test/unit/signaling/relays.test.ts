import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig } from '@ownsight/signaling/config'
import { createMetrics } from '@ownsight/signaling/metrics'
import { lendRelays } from '@ownsight/signaling/relays'
import type { Runtime } from '@ownsight/signaling/runtime'
import { SignalingError } from '@ownsight/signaling/signaling-error'
import { removeTemp, tempFolder } from '../../support/temp.ts'

const urls = ['turn:relay.example.org:3478', 'turns:relay.example.org:443?transport=tcp']

describe('relays lent by signaling', () => {
  let folder = ''
  let secretFile = ''
  beforeEach(() => {
    folder = tempFolder('turn')
    secretFile = join(folder, 'secret')
  })
  afterEach(() => removeTemp(folder))

  const runtime = (turn?: { urls: string[]; secretFile: string }) =>
    ({
      config: parseConfig({ data: folder, ...(turn ? { turn } : {}) }),
      metrics: createMetrics(),
      log: () => undefined,
    }) as unknown as Runtime
  const fault = (turn: unknown): string => {
    try {
      parseConfig({ data: folder, turn })
    } catch (error) {
      assert.ok(error instanceof SignalingError)
      return error.message
    }
    return 'taken'
  }

  it('lends none where none is configured', () => {
    assert.deepEqual(lendRelays(runtime()), { hint: 'no_relays' })
  })

  it('lends its addresses with a credential; during a rotation of the secret that the relay surely knows', () => {
    const [old, next] = [0, 1].map(() => randomBytes(32).toString('base64url')) as [string, string]
    writeFileSync(secretFile, `${old}\n`)
    const signaling = runtime({ urls, secretFile })
    for (const [content, secret] of [
      [old, old],
      [`${next}\n${old}`, old],
      [next, next],
    ] as const) {
      writeFileSync(secretFile, `${content}\n`)
      const lent = lendRelays(signaling)
      assert.ok('grant' in lent)
      const { username, credential, exp } = lent.grant
      assert.deepEqual(lent.grant.urls, urls)
      assert.equal(credential, createHmac('sha1', secret).update(username).digest('base64'))
      assert.ok(Math.abs(exp - Date.now() / 1000 - 600) < 5)
    }
  })

  it('a secret that is gone lends nothing, and no one is told why', () => {
    writeFileSync(secretFile, `${randomBytes(32).toString('base64url')}\n`)
    const signaling = runtime({ urls, secretFile })
    writeFileSync(secretFile, '')
    assert.deepEqual(lendRelays(signaling), { hint: 'no_relays' })
  })

  it('is refused at the start when an address or the secret is wrong', () => {
    writeFileSync(secretFile, 'short\n')
    assert.match(fault({ urls, secretFile }), /turn\.secretFile: secret 1 is shorter/)
    assert.match(fault({ urls, secretFile: join(folder, 'none') }), /turn\.secretFile: cannot read/)
    writeFileSync(secretFile, `${randomBytes(32).toString('base64url')}\n`)
    assert.equal(fault({ urls, secretFile }), 'taken')
    assert.match(fault({ urls: ['relay.example.org'], secretFile }), /turn\.urls\.0: give addresses such as/)
    assert.match(fault({ urls: [], secretFile }), /turn\.urls: name at least one/)
    assert.match(fault({ urls, secretFile, colour: 1 }), /turn\.colour: unknown setting/)
  })
})
