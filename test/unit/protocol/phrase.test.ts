import assert from 'node:assert/strict'
import { toBase64url } from '@ownsight/protocol/bytes'
import { phrase } from '@ownsight/protocol/phrase'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import fc from 'fast-check'

describe('protocol: phrase', () => {
  it('is the first 44 bits as four words of 11 bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), bytes => {
        const bits = Array.from(bytes, byte => byte.toString(2).padStart(8, '0')).join('')
        const words = [0, 11, 22, 33].map(at => wordlist[Number.parseInt(bits.slice(at, at + 11), 2)])
        assert.equal(phrase(toBase64url(bytes)), words.join(' '))
      }),
    )
  })

  it('knows both ends of the list', () => {
    assert.equal(phrase(toBase64url(new Uint8Array(32))), 'abandon abandon abandon abandon')
    assert.equal(phrase(toBase64url(new Uint8Array(32).fill(255))), 'zoo zoo zoo zoo')
  })
})
