import assert from 'node:assert/strict'
import { hkdf, toBase64url } from '@ownsight/protocol/bytes'
import { openEnvelope, seal } from '@ownsight/protocol/envelope'
import { importPublicKey } from '@ownsight/protocol/ids'
import {
  formatKit,
  importRosterKey,
  newRootSeed,
  parseKit,
  rootKeyPair,
  rosterKey,
  rosterKeyBytes,
  seedToWords,
  wordsToSeed,
} from '@ownsight/protocol/recovery'
import { openRoster, sealRoster } from '@ownsight/protocol/roster'
import { faults, newHome, samples } from './fixtures.ts'

describe('protocol: recovery', () => {
  it('24 words give the same seed back', () => {
    for (let i = 0; i < 20; i++) {
      const seed = newRootSeed()
      const words = seedToWords(seed)
      assert.equal(words.length, 24)
      assert.deepEqual(wordsToSeed(words), seed)
      assert.deepEqual(wordsToSeed(words.map(word => ` ${word.toUpperCase()} `)), seed)
    }
  })

  it('a wrong, missing, swapped or shorter list of words is bad_form, and is not repeated in the message', async () => {
    const words = seedToWords(new Uint8Array(32).map((_, i) => i))
    const twelve = 'legal winner thank year wave sausage worth useful legal winner thank yellow'.split(' ')
    const bad = [
      words.slice(1),
      [...words.slice(0, 23), 'xylophone'],
      [...words].reverse(),
      twelve,
      [],
      ['a'],
    ]
    for (const each of bad) {
      const fault = await faults('bad_form', () => wordsToSeed(each), 'words')
      assert.ok(!each.some(word => word.length > 3 && fault.message.includes(word)))
    }
  })

  it('the same seed gives the same root key, whose private half cannot be taken out', async () => {
    const seed = newRootSeed()
    const [one, two] = [await rootKeyPair(seed), await rootKeyPair(seed)]
    assert.deepEqual(one.publicKey, two.publicKey)
    assert.equal(one.id, two.id)
    assert.equal(one.sign.extractable, false)
    await importPublicKey(one.publicKey)
    assert.notEqual((await rootKeyPair(newRootSeed())).id, one.id)
  })

  it('a root key signs what its public key opens', async () => {
    const root = await rootKeyPair(newRootSeed())
    const payload = { ...samples(await newHome())['os1-policy'], iss: root.id }
    const jws = await seal('os1-policy', payload, root.sign)
    assert.equal((await openEnvelope('os1-policy', jws, () => root.publicKey)).payload.iss, root.id)
  })

  it('the root scalar follows FIPS 186-5 A.3.1 from HKDF, so that the kit is readable for ever', async () => {
    const seed = new Uint8Array(32).fill(7)
    const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const wide = BigInt(`0x${Buffer.from(await hkdf(seed, 'os1 root', 48)).toString('hex')}`)
    const scalar = (wide % (n - 1n)) + 1n
    const { createECDH } = await import('node:crypto')
    const ecdh = createECDH('prime256v1')
    ecdh.setPrivateKey(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex'))
    const point = ecdh.getPublicKey()
    const { publicKey } = await rootKeyPair(seed)
    assert.equal(publicKey.x, toBase64url(point.subarray(1, 33)))
    assert.equal(publicKey.y, toBase64url(point.subarray(33)))
  })

  it('the roster key follows from the seed, and from its 32 bytes on a second device', async () => {
    const seed = newRootSeed()
    const empty = { version: 1, roster: [], people: [] }
    const sealed = await sealRoster(await rosterKey(seed), [], 1)
    assert.deepEqual(await openRoster(await rosterKey(seed), sealed, 1), empty)
    assert.deepEqual(await rosterKeyBytes(seed), await hkdf(seed, 'os1 roster', 32))
    const given = await importRosterKey(await rosterKeyBytes(seed))
    assert.equal(given.extractable, true)
    assert.deepEqual(await openRoster(given, sealed, 1), empty)
  })

  it('a kit is read from its line or its words, and nothing else', () => {
    const seed = newRootSeed()
    const camId = 'A'.repeat(43)
    assert.deepEqual(parseKit(` ${formatKit(seed, [camId, camId])}\n`), { seed, camIds: [camId, camId] })
    assert.deepEqual(parseKit(formatKit(seed, [])), { seed, camIds: [] })
    const three = [camId, camId, camId]
    assert.deepEqual(parseKit(formatKit(seed, three)), { seed, camIds: three })
    assert.deepEqual(parseKit(` ${seedToWords(seed).join('  \n')}\n`), { seed, camIds: [] })
    for (const bad of [
      '',
      'os1-kit:',
      formatKit(seed, []).slice(0, -2),
      `${formatKit(seed, [camId])},`,
      `my ${formatKit(seed, [])}`,
    ])
      assert.throws(() => parseKit(bad), /bad_form/)
  })

  it('the kit names the seed and the cameras', () => {
    const seed = new Uint8Array(32)
    assert.equal(formatKit(seed, ['a', 'b']), `os1-kit:${'A'.repeat(43)}:a,b`)
  })
})
