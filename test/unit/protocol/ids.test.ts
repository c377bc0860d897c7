import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { exportPublicKey, generateKeyPair, importPublicKey, keyId } from '@ownsight/protocol/ids'
import { faults } from './fixtures.ts'

describe('protocol: ids', () => {
  it('an id is the RFC 7638 thumbprint of the key, computed here by hand', async () => {
    const { id, publicKey } = await generateKeyPair()
    const { x, y } = publicKey
    const members = `{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`
    assert.equal(id, createHash('sha256').update(members).digest('base64url'))
    assert.equal(id.length, 43)
  })

  it('no two keys share an id, and a key keeps its own', async () => {
    const pairs = await Promise.all(Array.from({ length: 20 }, () => generateKeyPair()))
    assert.equal(new Set(pairs.map(pair => pair.id)).size, 20)
    for (const pair of pairs) assert.equal(await keyId(pair.publicKey), pair.id)
  })

  it('a private key is not extractable unless asked for', async () => {
    const { sign } = await generateKeyPair()
    assert.equal(sign.extractable, false)
    await assert.rejects(crypto.subtle.exportKey('jwk', sign))
    assert.equal((await generateKeyPair(true)).sign.extractable, true)
  })

  it('a point that is not on the curve is bad_key', async () => {
    const { publicKey } = await generateKeyPair()
    await faults('bad_key', () => importPublicKey({ x: publicKey.y, y: publicKey.x }), 'key')
    await faults('bad_key', () => importPublicKey({ x: 'A'.repeat(43), y: 'A'.repeat(43) }), 'key')
  })

  it('export undoes import', async () => {
    const { publicKey } = await generateKeyPair()
    assert.deepEqual(await exportPublicKey(await importPublicKey(publicKey)), publicKey)
  })

  it('a key that is not on P-256 has no id', async () => {
    const hmac = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])
    await faults('bad_key', () => exportPublicKey(hmac), 'key')
    const edwards = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair
    await faults('bad_key', () => exportPublicKey(edwards.publicKey), 'key')
  })
})
