import assert from 'node:assert/strict'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import {
  generateKeyShare,
  installKeyExchange,
  preMasterSecret,
} from '@ownsight/camera-agent/rtc/guard/native-key-exchange'
import { GuardError } from '@ownsight/camera-agent/rtc/guard-error'
import { internal } from '@ownsight/camera-agent/rtc/werift'

const P256 = 23
const X25519 = 29
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

const parts = {
  generateKeyPair: internal<Record<string, unknown>>('dtls/src/cipher/namedCurve.js'),
  prfPreMasterSecret: internal<Record<string, unknown>>('dtls/src/cipher/prf.js'),
}

describe('the key exchange by OpenSSL', () => {
  it('X25519 is that of RFC 7748 §6.1', () => {
    const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
    const bob = hex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
    const secret = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
    assert.equal(preMasterSecret(bob, alice, X25519).toString('hex'), secret)
  })

  it('P-256 is that of RFC 5903 §8.1', () => {
    const own = hex('c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433')
    const peer = hex(
      '04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
    )
    const secret = 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de'
    assert.equal(preMasterSecret(peer, own, P256).toString('hex'), secret)
  })

  it('both ends come to the same secret, each time another one, and keys keep their leading zeros', () => {
    for (const [curve, size] of [
      [X25519, 32],
      [P256, 65],
    ] as const) {
      const seen = new Set<string>()
      for (let i = 0; i < 600; i++) {
        const [one, other] = [generateKeyShare(curve), generateKeyShare(curve)]
        const secret = preMasterSecret(one.publicKey, other.privateKey, curve)
        assert.ok(secret.equals(preMasterSecret(other.publicKey, one.privateKey, curve)))
        assert.deepEqual(
          [one.curve, one.publicKey.length, one.privateKey.length, secret.length],
          [curve, size, 32, 32],
        )
        seen.add(secret.toString('hex'))
      }
      assert.equal(seen.size, 600)
    }
  })

  it('a low-order point makes zeros, which the proof refuses by name; what is no key makes an error', () => {
    const own = generateKeyShare(X25519).privateKey
    for (const point of [Buffer.alloc(32), Buffer.concat([Buffer.from([1]), Buffer.alloc(31)])])
      assert.ok(preMasterSecret(point, own, X25519).equals(Buffer.alloc(32)))
    for (const size of [0, 31, 33])
      assert.throws(() => preMasterSecret(Buffer.alloc(size, 9), own, X25519), /X25519 has 32 bytes/)
    const offCurve = generateKeyShare(P256).publicKey
    offCurve.writeUInt8((offCurve[64] ?? 0) ^ 1, 64)
    assert.throws(() => preMasterSecret(offCurve, generateKeyShare(P256).privateKey, P256))
    assert.throws(() => preMasterSecret(Buffer.alloc(97), own, 24), /no curve 24/)
    assert.throws(() => generateKeyShare(24), /no curve 24/)
  })

  it('is what the library uses once the guard is installed', () => {
    installGuard()
    assert.equal(parts.generateKeyPair.generateKeyPair, generateKeyShare)
    assert.equal(parts.prfPreMasterSecret.prfPreMasterSecret, preMasterSecret)
  })

  for (const [name, module] of Object.entries(parts))
    it(`does not start where the library has no ${name}`, () => {
      const own = module[name]
      module[name] = undefined
      try {
        assert.throws(
          installKeyExchange,
          error =>
            error instanceof GuardError && error.code === 'shape' && /key exchange/.test(error.message),
        )
        assert.equal(module[name], undefined)
      } finally {
        module[name] = own
      }
    })
})
