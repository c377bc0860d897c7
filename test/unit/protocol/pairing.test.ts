import assert from 'node:assert/strict'
import { hkdf, randomBytes, toBase64url } from '@ownsight/protocol/bytes'
import { generateKeyPair } from '@ownsight/protocol/ids'
import {
  chain,
  checkPairMac,
  formatPairingCode,
  newPairingSecret,
  pairingKeys,
  parsePairingCode,
  sealPairMessage,
} from '@ownsight/protocol/pairing'
import { faults, newHome, samples, strayBit } from './fixtures.ts'

describe('protocol: pairing', () => {
  it('a code comes back as it was shown, white space around it included', async () => {
    const code = { secret: newPairingSecret(), camId: (await generateKeyPair()).id }
    assert.deepEqual(parsePairingCode(formatPairingCode(code)), code)
    assert.deepEqual(parsePairingCode(`  ${formatPairingCode(code)}\n`), code)
    assert.equal(code.secret.length, 16)
  })

  it('refuses every other text, and says what to do', async () => {
    const code = formatPairingCode({ secret: newPairingSecret(), camId: 'A'.repeat(43) })
    const bad = [
      '',
      code.slice(0, -1),
      `${code}A`,
      code.replace('os1', 'os2'),
      code.replaceAll(':', ' '),
      `https://pair.example/#${code}`,
      `${code}\n${code}`,
      code.replace(/A$/, 'B'),
      strayBit(code.slice(0, 26)) + code.slice(26),
      '1234-5678',
    ]
    for (const each of bad) await faults('bad_form', () => parsePairingCode(each))
  })

  it('attack 29: the rendezvous id gives nothing of the secret or of the keys away', async () => {
    const secret = newPairingSecret()
    const keys = await pairingKeys(secret)
    assert.equal(keys.rid.length, 22)
    assert.notEqual(keys.rid, toBase64url(secret))
    const values = [secret, keys.toCamera, keys.toOwner].map(toBase64url)
    assert.equal(new Set([...values, keys.rid]).size, 4)
    assert.ok(!values.some(value => value.startsWith(keys.rid.slice(0, 8))))
    assert.deepEqual(await pairingKeys(secret), keys)
    assert.deepEqual(keys, {
      rid: toBase64url(await hkdf(secret, 'os1 rendezvous', 16)),
      toCamera: await hkdf(secret, 'os1 owner→cam', 32),
      toOwner: await hkdf(secret, 'os1 cam→owner', 32),
    })
    assert.notEqual((await pairingKeys(newPairingSecret())).rid, keys.rid)
  })

  it('the MAC covers the type, the envelope and the direction', async () => {
    const home = await newHome()
    const keys = await pairingKeys(newPairingSecret())
    const payload = samples(home)['os1-pair1']
    const message = await sealPairMessage('os1-pair1', payload, { sign: home.admin.sign, mac: keys.toCamera })
    await checkPairMac('os1-pair1', message, keys.toCamera)
    await faults('bad_mac', () => checkPairMac('os1-pair3', message, keys.toCamera), 'm')
    await faults('bad_mac', () => checkPairMac('os1-pair1', message, keys.toOwner))
    await faults('bad_mac', () => checkPairMac('os1-pair1', message, randomBytes(32)))
    await faults('bad_mac', () =>
      checkPairMac('os1-pair1', { ...message, e: `${message.e}A` }, keys.toCamera),
    )
    const short = { ...message, m: message.m.slice(0, 42) }
    await faults('bad_form', () =>
      checkPairMac('os1-pair1', { ...message, m: strayBit(message.m) }, keys.toCamera),
    )
    await assert.rejects(checkPairMac('os1-pair1', short, keys.toCamera))
    await faults('bad_mac', () => checkPairMac('os1-pair1', { ...message, m: '' }, keys.toCamera))
  })

  it('chain depends on both hashes and their order', async () => {
    const [a, b] = ['A'.repeat(43), 'B'.repeat(43)]
    const values = await Promise.all([chain(a, b), chain(b, a), chain(a, a)])
    assert.equal(new Set(values).size, 3)
  })
})
