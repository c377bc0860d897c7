import assert from 'node:assert/strict'
import {
  concat,
  equalBytes,
  equalText,
  fromBase64url,
  hkdf,
  hmac,
  randomBytes,
  randomId,
  sha256,
  text,
  toBase64url,
  utf8,
} from '@ownsight/protocol/bytes'
import fc from 'fast-check'
import { faults } from './fixtures.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytesOf = (value: string) => new Uint8Array(Buffer.from(value, 'hex'))

describe('protocol: bytes', () => {
  it('base64url agrees with Node and comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        const encoded = toBase64url(bytes)
        assert.equal(encoded, Buffer.from(bytes).toString('base64url'))
        assert.deepEqual(fromBase64url(encoded), new Uint8Array(bytes))
      }),
    )
  })

  it('attack 22: of all strings, only the one spelling of its bytes decodes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.base64String()), async value => {
        let bytes: Uint8Array
        try {
          bytes = fromBase64url(value)
        } catch {
          await faults('bad_form', () => fromBase64url(value))
          return
        }
        assert.equal(Buffer.from(bytes).toString('base64url'), value)
      }),
    )
  })

  it('attack 22: padding, + and /, white space, a lone last character and stray bits are bad_form', async () => {
    for (const value of ['AA==', 'A', 'AAAAA', '+/8', 'AA ', 'A\nA', 'AB', 'AAB', 'é'])
      await faults('bad_form', () => fromBase64url(value), 'base64url')
  })

  it('text refuses what is not UTF-8, and keeps a byte order mark', async () => {
    assert.equal(text(utf8('grün ✓')), 'grün ✓')
    assert.equal(text(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), '\ufeffa')
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]])
      await faults('bad_form', () => text(new Uint8Array(bytes)), 'utf8')
  })

  it('concat keeps the order', () => {
    assert.deepEqual(concat(utf8('ab'), new Uint8Array(), utf8('c')), utf8('abc'))
  })

  it('equalBytes and equalText say yes only for equal values', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, flip) => {
          const other = bytes.slice()
          other[at % bytes.length]! ^= flip
          assert.ok(equalBytes(bytes, bytes.slice()))
          assert.ok(!equalBytes(bytes, other))
          assert.ok(!equalBytes(bytes, bytes.slice(1)))
        },
      ),
    )
    assert.ok(equalText('abc', 'abc'))
    assert.ok(!equalText('abc', 'abd'))
    assert.ok(!equalText('abc', 'abcd'))
  })

  it('sha256, hmac and hkdf give the published vectors', async () => {
    // FIPS 180-2 appendix B.1
    assert.equal(
      hex(await sha256(utf8('abc'))),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    // RFC 4231 §4.3
    assert.equal(
      hex(await hmac(utf8('Jefe'), utf8('what do ya want for nothing?'))),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    // RFC 5869 §A.3 has no salt and no info
    assert.equal(
      hex(await hkdf(bytesOf('0b'.repeat(22)), '', 42)),
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    )
  })

  it('random ids are 22 characters of 16 bytes and do not repeat', () => {
    const ids = new Set(Array.from({ length: 1000 }, randomId))
    assert.equal(ids.size, 1000)
    for (const id of ids) assert.equal(fromBase64url(id).length, 16)
    assert.equal(randomBytes(32).length, 32)
  })
})
