import assert from 'node:assert/strict'
import { fromBase64url, hkdf, randomBytes, toBase64url, utf8 } from '@ownsight/protocol/bytes'
import { openEnvelope } from '@ownsight/protocol/envelope'
import type { PairMessage } from '@ownsight/protocol/events'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import {
  beginJoin,
  formatJoinCode,
  type Joined,
  type JoinOffer,
  offerJoin,
  parseJoinCode,
} from '@ownsight/protocol/join'
import { PAIRING_LIFETIME_S, PAIRING_MAX_BAD_MACS } from '@ownsight/protocol/limits'
import { newPairingSecret, pairingKeys, sealPairMessage } from '@ownsight/protocol/pairing'
import { faults, strayBit } from './fixtures.ts'

describe('protocol: a second admin device', () => {
  let first: KeyPair
  let second: { admin: KeyPair; view: KeyPair }
  let root: KeyPair
  let secret: ReturnType<typeof newPairingSecret>
  let offer: JoinOffer
  let clock: number
  let joined: Joined[]
  const kR = randomBytes(32)
  before(async () => {
    first = await generateKeyPair()
    root = await generateKeyPair()
    second = { admin: await generateKeyPair(), view: await generateKeyPair() }
  })
  beforeEach(async () => {
    secret = newPairingSecret()
    clock = 0
    joined = []
    offer = await offerJoin({
      secret,
      admin: first,
      gift: { root: root.publicKey, kR },
      now: () => clock,
      onJoined: async each => void joined.push(each),
    })
  })
  const begin = (code = { secret, admin: first.id }, device = second) => beginJoin(code, device)
  const wrongMac = (message: PairMessage): PairMessage => ({ ...message, m: toBase64url(new Uint8Array(32)) })

  it('a code comes back as it was shown, and every other text is refused', async () => {
    const code = { secret, admin: first.id }
    assert.deepEqual(parseJoinCode(` ${formatJoinCode(code)} `), code)
    for (const bad of [
      '',
      formatJoinCode(code).slice(1),
      `${formatJoinCode(code)}x`,
      `my ${formatJoinCode(code)}`,
      formatJoinCode({ secret, admin: strayBit(first.id) }),
      formatJoinCode(code).replace('join', 'x'),
    ])
      await faults('bad_form', () => parseJoinCode(bad))
  })

  it('the whole exchange: both say the same four words, and the gift arrives', async () => {
    const request = await begin()
    assert.equal(request.rid, offer.rid)
    const third = await request.onSecond(await offer.receive(request.first))
    assert.deepEqual(joined, [])
    const gift = await request.onFourth(await offer.receive(third))
    assert.equal(offer.state(), 'joined')
    assert.deepEqual(gift.kR, kR)
    assert.deepEqual(gift.root, root.publicKey)
    assert.deepEqual(gift.by, first.publicKey)
    const [{ admin, view, phrase }] = joined as unknown as [Joined]
    assert.deepEqual({ admin, view }, { admin: second.admin.publicKey, view: second.view.publicKey })
    assert.equal(phrase, gift.phrase)
  })

  it('says how far it has come', async () => {
    const request = await begin()
    assert.equal(offer.state(), 'offering')
    const third = await request.onSecond(await offer.receive(request.first))
    assert.equal(offer.state(), 'got1')
    await offer.receive(third)
    assert.equal(offer.state(), 'joined')
  })

  it('the code is good for ten minutes from whenever it was made', async () => {
    clock = 50_000
    const now = (): number => clock
    const gift = { root: root.publicKey, kR }
    const late = await offerJoin({ secret, admin: first, gift, now, onJoined: async () => undefined })
    clock += PAIRING_LIFETIME_S
    await late.receive((await begin()).first)
    clock += 1
    await faults('interrupted', async () => late.receive((await begin()).first), 'code')
  })

  it('attack 28: message 1 for another meeting burns the code', async () => {
    const { toCamera } = await pairingKeys(secret)
    const { admin, view } = second
    const rid = 'A'.repeat(22)
    const payload = { v: 1 as const, rid, admin: admin.publicKey, view: view.publicKey, no: rid }
    const message = await sealPairMessage('os1-join1', payload, { sign: admin.sign, mac: toCamera })
    await faults('bad_hash', () => offer.receive(message), 'rid')
    assert.equal(offer.state(), 'burned')
  })

  it('a message of no type of its own is bad_type, and burns nothing', async () => {
    const { toCamera } = await pairingKeys(secret)
    const third = await sealPairMessage(
      'os1-join3',
      { v: 1, rid: offer.rid, h12: 'A'.repeat(43) },
      { sign: second.admin.sign, mac: toCamera },
    )
    for (const e of ['a.b.c', third.e.slice(1)])
      await faults('bad_type', () => offer.receive({ ...third, e }), 'typ')
    assert.equal(offer.state(), 'offering')
  })

  it('the gift is sealed under the code’s secret, in the way PROTOCOL.md §12 says', async () => {
    const request = await begin()
    const fourth = await offer.receive(await request.onSecond(await offer.receive(request.first)))
    const { payload } = await openEnvelope('os1-join4', fourth.e, () => first.publicKey)
    const bytes = fromBase64url(payload.sealed)
    const raw = await hkdf(secret, 'os1 admin', 32)
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt'])
    const algorithm = { name: 'AES-GCM', iv: bytes.slice(0, 12), additionalData: utf8('os1 admin') }
    assert.deepEqual(new Uint8Array(await crypto.subtle.decrypt(algorithm, key, bytes.slice(12))), kR)
    const { toOwner } = await pairingKeys(secret)
    const sealed = `${payload.sealed.slice(0, -4)}AAAA`
    const spoiled = await sealPairMessage(
      'os1-join4',
      { ...payload, sealed },
      { sign: first.sign, mac: toOwner },
    )
    await faults('bad_mac', () => request.onFourth(spoiled), 'sealed')
  })

  it('attack 28: each message names the meeting it belongs to', async () => {
    const { toCamera, toOwner } = await pairingKeys(secret)
    const rid = 'A'.repeat(22)
    const request = await begin()
    const two = await offer.receive(request.first)
    const opened = await openEnvelope('os1-join2', two.e, () => first.publicKey)
    const mac = { sign: first.sign, mac: toOwner }
    const badTwo = await sealPairMessage('os1-join2', { ...opened.payload, rid }, mac)
    await faults('bad_hash', () => request.onSecond(badTwo), 'h1')
    const three = await request.onSecond(two)
    const { payload } = await openEnvelope('os1-join3', three.e, () => second.admin.publicKey)
    const four = await offer.receive(three)
    const given = await openEnvelope('os1-join4', four.e, () => first.publicKey)
    const badFour = await sealPairMessage('os1-join4', { ...given.payload, rid }, mac)
    await faults('bad_hash', () => request.onFourth(badFour), 'h123')
    const device = { sign: second.admin.sign, mac: toCamera }
    const badThree = await sealPairMessage('os1-join3', { ...payload, rid }, device)
    await faults('bad_hash', () => offer.receive(badThree), 'h12')
  })

  it('what comes after the joining takes nothing of it back', async () => {
    const request = await begin()
    const third = await request.onSecond(await offer.receive(request.first))
    const fourth = await offer.receive(third)
    for (let n = 0; n <= PAIRING_MAX_BAD_MACS; n++)
      await faults('bad_mac', () => offer.receive(wrongMac(third)))
    const { toCamera: mac } = await pairingKeys(secret)
    const payload = { v: 1 as const, rid: offer.rid, h12: 'A'.repeat(43) }
    const wrong = await sealPairMessage('os1-join3', payload, { sign: second.admin.sign, mac })
    await faults('bad_hash', () => offer.receive(wrong), 'h12')
    assert.equal(offer.state(), 'joined')
    assert.deepEqual(await offer.receive(third), fourth)
  })

  it('the same messages again get the same answers, and join once', async () => {
    const request = await begin()
    const reply = await offer.receive(request.first)
    assert.deepEqual(await offer.receive(request.first), reply)
    const third = await request.onSecond(reply)
    const fourth = await offer.receive(third)
    assert.deepEqual(await offer.receive(third), fourth)
    assert.equal(joined.length, 1)
  })

  it('message 3 in another spelling is another one: it joins nobody again', async () => {
    const request = await begin()
    const third = await request.onSecond(await offer.receive(request.first))
    await offer.receive(third)
    const { payload } = await openEnvelope('os1-join3', third.e, () => second.admin.publicKey)
    const { toCamera: mac } = await pairingKeys(secret)
    const { h12, rid, v } = payload
    const other = await sealPairMessage('os1-join3', { h12, rid, v }, { sign: second.admin.sign, mac })
    await faults('paired', () => offer.receive(other), 'msg')
    assert.deepEqual([joined.length, offer.state()], [1, 'joined'])
  })

  it('attack 30: a second device with the code burns it', async () => {
    await offer.receive((await begin()).first)
    const thief = { admin: await generateKeyPair(), view: await generateKeyPair() }
    const theirs = await begin({ secret, admin: first.id }, thief)
    await faults('interrupted', () => offer.receive(theirs.first))
    assert.equal(offer.state(), 'burned')
    assert.deepEqual(joined, [])
  })

  it('attack 29: without the code nothing, and five tries burn it', async () => {
    const guess = await begin({ secret: newPairingSecret(), admin: first.id })
    for (let i = 1; i < PAIRING_MAX_BAD_MACS; i++) await faults('bad_mac', () => offer.receive(guess.first))
    assert.equal(offer.state(), 'offering')
    await faults('interrupted', () => offer.receive(guess.first))
    assert.equal(offer.state(), 'burned')
  })

  it('attack 28: message 2 by another device, with another MAC, or for another message 1', async () => {
    const request = await begin()
    const reply = await offer.receive(request.first)
    await faults('bad_mac', () => request.onSecond(wrongMac(reply)))
    const impostor = await generateKeyPair()
    const fake = await offerJoin({
      secret,
      admin: impostor,
      gift: { root: root.publicKey, kR },
      now: () => 0,
      onJoined: async () => undefined,
    })
    const theirs = await fake.receive(request.first)
    await faults('unknown_viewer', () => request.onSecond(theirs))
    const other = await begin()
    await faults('bad_hash', () => other.onSecond(reply), 'h1')
  })

  it('attack 28: message 3 before 1, of another exchange, or by another key', async () => {
    const request = await begin()
    const third = await request.onSecond(await offer.receive(request.first))
    const fresh = await offerJoin({
      secret,
      admin: first,
      gift: { root: root.publicKey, kR },
      now: () => 0,
      onJoined: async each => void joined.push(each),
    })
    await faults('not_offering', () => fresh.receive(third))
    assert.equal(fresh.state(), 'burned')
    assert.deepEqual(joined, [])
  })

  it('attack 28: message 4 with another MAC, of another exchange, or before message 3', async () => {
    const request = await begin()
    const third = await request.onSecond(await offer.receive(request.first))
    const fourth = await offer.receive(third)
    await faults('bad_mac', () => request.onFourth(wrongMac(fourth)))
    const early = await begin()
    await faults('not_offering', () => early.onFourth(fourth))
  })

  it('attack 28: messages 3 and 4 that name another transcript', async () => {
    const { rid, toCamera, toOwner } = await pairingKeys(secret)
    const h = toBase64url(new Uint8Array(32))
    const request = await begin()
    const reply = await offer.receive(request.first)
    const third = await request.onSecond(reply)
    const bad4 = await sealPairMessage(
      'os1-join4',
      { v: 1, rid, h123: h, root: root.publicKey, sealed: h },
      { sign: first.sign, mac: toOwner },
    )
    await faults('bad_hash', () => request.onFourth(bad4), 'h123')
    const bad3 = await sealPairMessage(
      'os1-join3',
      { v: 1, rid, h12: h },
      { sign: second.admin.sign, mac: toCamera },
    )
    await faults('bad_hash', () => offer.receive(bad3), 'h12')
    assert.equal(offer.state(), 'burned')
    await faults('interrupted', () => offer.receive(third))
    assert.deepEqual(joined, [])
  })

  it('the code is good for ten minutes and one device', async () => {
    clock = PAIRING_LIFETIME_S + 1
    const late = await begin()
    await faults('interrupted', () => offer.receive(late.first))
    assert.equal(offer.state(), 'burned')
  })

  it('after one device has joined, another gets nothing', async () => {
    const request = await begin()
    await offer.receive(await request.onSecond(await offer.receive(request.first)))
    const next = await begin()
    await faults('paired', () => offer.receive(next.first))
    assert.equal(joined.length, 1)
  })
})
