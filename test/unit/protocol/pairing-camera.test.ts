import assert from 'node:assert/strict'
import { toBase64url } from '@ownsight/protocol/bytes'
import { envelopeHash, seal } from '@ownsight/protocol/envelope'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { PAIRING_LIFETIME_S, PAIRING_MAX_BAD_MACS } from '@ownsight/protocol/limits'
import { chain, pairingKeys, sealPairMessage } from '@ownsight/protocol/pairing'
import { type Ceremony, newCeremony } from './ceremony.ts'
import { faults, firstPolicy, malleate } from './fixtures.ts'

const badMac = { m: toBase64url(new Uint8Array(32)) }

describe('protocol: pairing, the camera', () => {
  let c: Ceremony
  beforeEach(async () => {
    c = await newCeremony()
  })

  async function keys() {
    return pairingKeys(c.secret)
  }
  /** Message 3 by somebody who holds the code and the admin key, with a policy of their choice. */
  async function third(change: { policy?: string; h12?: string; rid?: string; sign?: CryptoKey } = {}) {
    const { rid, toCamera } = await keys()
    const second = await c.camera.receive(c.owner.first)
    const h12 = await chain(await envelopeHash(c.owner.first.e), await envelopeHash(second.e))
    const policy = change.policy ?? (await seal('os1-policy', firstPolicy(c.home), c.home.admin.sign))
    const payload = { v: 1 as const, rid: change.rid ?? rid, h12: change.h12 ?? h12, policy }
    return sealPairMessage('os1-pair3', payload, { sign: change.sign ?? c.home.admin.sign, mac: toCamera })
  }
  const burned = () => {
    assert.equal(c.camera.state(), 'burned')
    assert.equal(c.committed.length, 0)
  }

  it('the whole ceremony: offering, got1, paired, one commit, one phrase on both sides', async () => {
    assert.equal(c.camera.state(), 'offering')
    assert.equal(c.camera.rid, c.owner.rid)
    const second = await c.camera.receive(c.owner.first)
    assert.equal(c.camera.state(), 'got1')
    const paired = await c.owner.onFourth(await c.camera.receive(await c.owner.onSecond(second)))
    assert.equal(c.camera.state(), 'paired')
    assert.equal(paired.camId, c.home.cam.id)
    assert.deepEqual(paired.key, c.home.cam.publicKey)
    assert.equal(c.committed.length, 1)
    assert.equal(c.committed[0]?.jws, paired.policy)
    assert.deepEqual(
      c.states.map(([state]) => state),
      ['got1', 'paired'],
    )
    assert.equal(c.states[1]?.[1], paired.phrase)
    assert.equal(paired.phrase.split(' ').length, 4)
  })

  it('another message 3 after the pairing is told that the camera is paired', async () => {
    const [first, other] = [await third(), await third({ policy: 'a.b.c' })]
    const fourth = await c.camera.receive(first)
    assert.deepEqual(await c.camera.receive(first), fourth)
    await faults('paired', () => c.camera.receive(other), 'msg')
    assert.equal(c.committed.length, 1)
  })

  it('nothing is committed before message 3', async () => {
    await c.camera.receive(c.owner.first)
    assert.equal(c.committed.length, 0)
  })

  it('an identical message 1 gets the identical message 2, an identical message 3 the identical 4', async () => {
    const second = await c.camera.receive(c.owner.first)
    assert.deepEqual(await c.camera.receive(c.owner.first), second)
    const msg3 = await c.owner.onSecond(second)
    const fourth = await c.camera.receive(msg3)
    assert.deepEqual(await c.camera.receive(msg3), fourth)
    assert.equal(c.committed.length, 1)
  })

  it('copies that arrive at once are taken one after another: one commit', async () => {
    const [a, b] = await Promise.all([c.camera.receive(c.owner.first), c.camera.receive(c.owner.first)])
    assert.deepEqual(a, b)
    const msg3 = await c.owner.onSecond(a)
    const fourths = await Promise.all([c.camera.receive(msg3), c.camera.receive(msg3)])
    assert.deepEqual(fourths[0], fourths[1])
    assert.equal(c.committed.length, 1)
  })

  it('a commit that fails leaves it unpaired, and the same message 3 may come again', async () => {
    const msg3 = await c.owner.onSecond(await c.camera.receive(c.owner.first))
    c.breakDisk()
    await assert.rejects(c.camera.receive(msg3), /ENOSPC/)
    assert.equal(c.camera.state(), 'got1')
    await c.owner.onFourth(await c.camera.receive(msg3))
    assert.equal(c.camera.state(), 'paired')
  })

  describe('attack 28: the man in the middle', () => {
    it('attack 28: message 1 with replaced keys fails its MAC', async () => {
      const mallory = await generateKeyPair()
      const { rid } = await keys()
      const payload = {
        v: 1 as const,
        rid,
        root: mallory.publicKey,
        admin: mallory.publicKey,
        view: mallory.publicKey,
        no: rid,
      }
      const forged = { e: await seal('os1-pair1', payload, mallory.sign), m: c.owner.first.m }
      await faults('bad_mac', () => c.camera.receive(forged))
      assert.equal(c.camera.state(), 'offering')
    })

    it('attack 28: message 3 with a replaced policy fails its MAC', async () => {
      const msg3 = await third()
      const mallory = await generateKeyPair()
      const policy = await seal('os1-policy', firstPolicy({ ...c.home, admin: mallory }), mallory.sign)
      const forged = await third({ policy })
      await faults('bad_mac', () => c.camera.receive({ e: forged.e, m: msg3.m }))
      assert.equal(c.committed.length, 0)
    })

    it('attack 28: a malleated message 1 or 3 fails its MAC', async () => {
      await faults('bad_mac', () => c.camera.receive({ ...c.owner.first, e: malleate(c.owner.first.e) }))
      const msg3 = await c.owner.onSecond(await c.camera.receive(c.owner.first))
      await faults('bad_mac', () => c.camera.receive({ ...msg3, e: malleate(msg3.e) }))
      assert.equal(c.committed.length, 0)
    })

    it('attack 28: its own message 2 or 4 reflected is bad_type', async () => {
      const second = await c.camera.receive(c.owner.first)
      await faults('bad_type', () => c.camera.receive(second))
      const fourth = await c.camera.receive(await c.owner.onSecond(second))
      await faults('bad_type', () => c.camera.receive(fourth))
    })

    it('attack 28: messages of another pairing fail their MAC', async () => {
      const other = await newCeremony()
      await faults('bad_mac', () => c.camera.receive(other.owner.first))
      await c.camera.receive(c.owner.first)
      const foreign = await other.owner.onSecond(await other.camera.receive(other.owner.first))
      await faults('bad_mac', () => c.camera.receive(foreign))
      assert.equal(c.committed.length, 0)
      assert.equal(c.camera.state(), 'got1')
    })
  })

  describe('a holder of the code who says something wrong burns it', () => {
    it('attack 30: a second, different message 1', async () => {
      await c.camera.receive(c.owner.first)
      const second = await c.beginOwner({ admin: await generateKeyPair() })
      const fault = await faults('interrupted', () => c.camera.receive(second.first), 'code')
      assert.match(fault.message, /start it again on the camera/)
      burned()
      assert.deepEqual(c.states.at(-1), ['burned', undefined])
    })

    it('attack 30: after it neither owner gets in', async () => {
      const second = await c.camera.receive(c.owner.first)
      const rival = await c.beginOwner({ admin: await generateKeyPair() })
      await faults('interrupted', () => c.camera.receive(rival.first))
      const msg3 = await c.owner.onSecond(second)
      await faults('interrupted', () => c.camera.receive(msg3))
      await faults('interrupted', () => c.camera.receive(c.owner.first))
      burned()
    })

    it('message 1 with another rendezvous id', async () => {
      const { toCamera } = await keys()
      const { root, admin, view } = c.home
      const rid = 'A'.repeat(22)
      const payload = {
        v: 1 as const,
        rid,
        root: root.publicKey,
        admin: admin.publicKey,
        view: view.publicKey,
        no: rid,
      }
      const message = await sealPairMessage('os1-pair1', payload, { sign: admin.sign, mac: toCamera })
      await faults('bad_hash', () => c.camera.receive(message), 'rid')
      burned()
    })

    it('message 1 not signed by the admin key it names', async () => {
      const { rid, toCamera } = await keys()
      const { root, admin, view } = c.home
      const payload = {
        v: 1 as const,
        rid,
        root: root.publicKey,
        admin: admin.publicKey,
        view: view.publicKey,
        no: rid,
      }
      const message = await sealPairMessage('os1-pair1', payload, { sign: view.sign, mac: toCamera })
      await faults('bad_sig', () => c.camera.receive(message))
      burned()
    })

    it('message 3 before message 1', async () => {
      const { rid, toCamera } = await keys()
      const payload = { v: 1 as const, rid, h12: 'A'.repeat(43), policy: 'a.b.c' }
      const message = await sealPairMessage('os1-pair3', payload, { sign: c.home.admin.sign, mac: toCamera })
      await faults('not_offering', () => c.camera.receive(message))
      burned()
    })

    it('message 3 over another transcript', async () => {
      const message = await third({ h12: 'A'.repeat(43) })
      await faults('bad_hash', () => c.camera.receive(message), 'h12')
      burned()
    })

    it('message 3 with another rendezvous id', async () => {
      const message = await third({ rid: 'A'.repeat(22) })
      await faults('bad_hash', () => c.camera.receive(message))
      burned()
    })

    it('message 3 signed by another key than message 1 named', async () => {
      const message = await third({ sign: (await generateKeyPair()).sign })
      await faults('bad_sig', () => c.camera.receive(message))
      burned()
    })

    it('message 3 with a policy for another camera', async () => {
      const other = await generateKeyPair()
      const policy = await seal('os1-policy', firstPolicy({ ...c.home, cam: other }), c.home.admin.sign)
      const message = await third({ policy })
      await faults('wrong_aud', () => c.camera.receive(message), 'cam')
      burned()
    })
  })

  describe('attack 29: guessing', () => {
    it(`attack 29: ${PAIRING_MAX_BAD_MACS} bad MACs burn the code`, async () => {
      for (let i = 1; i < PAIRING_MAX_BAD_MACS; i++) {
        await faults('bad_mac', () => c.camera.receive({ ...c.owner.first, ...badMac }))
        assert.equal(c.camera.state(), 'offering')
      }
      await faults('interrupted', () => c.camera.receive({ ...c.owner.first, ...badMac }))
      burned()
      await faults('interrupted', () => c.camera.receive(c.owner.first))
    })

    it('attack 29: bad MACs count before and after message 1 together', async () => {
      for (let i = 0; i < 3; i++)
        await faults('bad_mac', () => c.camera.receive({ ...c.owner.first, ...badMac }))
      await c.camera.receive(c.owner.first)
      await faults('bad_mac', () => c.camera.receive({ ...c.owner.first, ...badMac }))
      await faults('interrupted', () => c.camera.receive({ ...c.owner.first, ...badMac }))
      burned()
    })

    it('attack 29: junk that is no pairing message is refused and burns nothing', async () => {
      for (const e of ['', 'a.b.c', '{}', await seal('os1-policy', firstPolicy(c.home), c.home.admin.sign)])
        for (let i = 0; i < 4; i++) await faults('bad_type', () => c.camera.receive({ e, m: badMac.m }))
      assert.equal(c.camera.state(), 'offering')
    })
  })

  describe('time', () => {
    it('a code lives ten minutes', async () => {
      c.pass(PAIRING_LIFETIME_S)
      await c.camera.receive(c.owner.first)
      c.pass(1)
      const msg3 = await third().catch(() => undefined)
      assert.equal(msg3, undefined)
      burned()
    })

    it('after its time a paired camera answers nothing more, and stays paired', async () => {
      const msg3 = await c.owner.onSecond(await c.camera.receive(c.owner.first))
      await c.camera.receive(msg3)
      c.pass(PAIRING_LIFETIME_S + 1)
      await faults('interrupted', () => c.camera.receive(msg3))
      assert.equal(c.camera.state(), 'paired')
    })
  })

  describe('attack 31: a paired camera', () => {
    it('attack 31: refuses another message 1 and another message 3, and stays paired', async () => {
      const msg3 = await c.owner.onSecond(await c.camera.receive(c.owner.first))
      const fourth = await c.camera.receive(msg3)
      const rival = await c.beginOwner({ admin: await generateKeyPair() })
      await faults('paired', () => c.camera.receive(rival.first))
      await faults('paired', () => c.camera.receive(c.owner.first))
      const { rid, toCamera } = await keys()
      const payload = { v: 1 as const, rid, h12: 'A'.repeat(43), policy: 'a.b.c' }
      const wrong = await sealPairMessage('os1-pair3', payload, { sign: c.home.admin.sign, mac: toCamera })
      await faults('bad_hash', () => c.camera.receive(wrong))
      for (let i = 0; i < 2 * PAIRING_MAX_BAD_MACS; i++)
        await faults('bad_mac', () => c.camera.receive({ ...msg3, ...badMac }))
      assert.equal(c.camera.state(), 'paired')
      assert.deepEqual(await c.camera.receive(msg3), fourth)
      assert.equal(c.committed.length, 1)
    })
  })
})
