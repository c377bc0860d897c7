import assert from 'node:assert/strict'
import { envelopeHash, openEnvelope, seal } from '@ownsight/protocol/envelope'
import type { PairMessage } from '@ownsight/protocol/events'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { Payload } from '@ownsight/protocol/messages'
import { pairingKeys, sealPairMessage } from '@ownsight/protocol/pairing'
import { type Ceremony, newCeremony, sealAck } from './ceremony.ts'
import { faults, malleate, now } from './fixtures.ts'

describe('protocol: pairing, the owner', () => {
  let c: Ceremony
  beforeEach(async () => {
    c = await newCeremony()
  })

  /** Message 2 by a holder of the code. */
  async function second(change: Partial<Payload<'os1-pair2'>> = {}, sign?: KeyPair): Promise<PairMessage> {
    const { rid, toOwner } = await pairingKeys(c.secret)
    const key = sign ?? c.home.cam
    const payload = {
      v: 1 as const,
      rid,
      cam: key.publicKey,
      nc: 'A'.repeat(22),
      h1: await envelopeHash(c.owner.first.e),
      fw: '0.1.0',
      ...change,
    }
    return sealPairMessage('os1-pair2', payload, { sign: key.sign, mac: toOwner })
  }
  /** Message 4 by a holder of the code and of the camera key. */
  async function fourth(change: Partial<Payload<'os1-pair4'>>, sign = c.home.cam): Promise<PairMessage> {
    const msg3 = await c.owner.onSecond(await c.camera.receive(c.owner.first))
    const honest = await c.camera.receive(msg3)
    const { payload } = await openEnvelope('os1-pair4', honest.e, () => c.home.cam.publicKey)
    const { toOwner } = await pairingKeys(c.secret)
    return sealPairMessage('os1-pair4', { ...payload, ...change }, { sign: sign.sign, mac: toOwner })
  }

  it('pins nothing before message 4', async () => {
    await faults('not_offering', () => c.owner.onFourth(c.owner.first))
    await faults('not_offering', () => c.owner.onBeacon('a.b.c'))
  })

  it('names itself, its viewer key and the root in policy 1', async () => {
    const msg3 = await c.owner.onSecond(await c.camera.receive(c.owner.first))
    const { policy } = await c.owner.onFourth(await c.camera.receive(msg3))
    const { payload } = await openEnvelope('os1-policy', policy, () => c.home.admin.publicKey)
    assert.deepEqual(payload.admins, [{ k: c.home.admin.publicKey }])
    assert.deepEqual(
      payload.viewers.map(viewer => viewer.k),
      [c.home.view.publicKey],
    )
    assert.deepEqual(
      [payload.n, payload.prev, payload.root, payload.cam],
      [1, null, c.home.root.id, c.home.cam.id],
    )
    assert.deepEqual(payload.viewers[0]?.r, ['view', 'audio', 'talk', 'snapshot', 'ptz'])
    assert.deepEqual(
      [payload.hubsEnabled, payload.privacy, payload.hubs, payload.invites],
      [true, false, [], []],
    )
    assert.ok(Math.abs(payload.iat - now()) < 60)
  })

  describe('attack 28: the man in the middle', () => {
    it('attack 28: message 2 of a camera that is not the one in the code is refused', async () => {
      const mallory = await generateKeyPair()
      const forged = await second({}, mallory)
      await faults('unknown_viewer', () => c.owner.onSecond(forged))
    })

    it('attack 28: message 2 with the camera key in it, signed by another, is bad_sig', async () => {
      const mallory = await generateKeyPair()
      const forged = await second({ cam: c.home.cam.publicKey }, mallory)
      await faults('bad_sig', () => c.owner.onSecond(forged))
    })

    it('attack 28: message 2 without the code fails its MAC', async () => {
      const honest = await c.camera.receive(c.owner.first)
      const forged = await second({}, await generateKeyPair())
      await faults('bad_mac', () => c.owner.onSecond({ e: forged.e, m: honest.m }))
      await faults('bad_mac', () => c.owner.onSecond({ ...honest, e: malleate(honest.e) }))
    })

    it('attack 28: message 2 that answers another message 1 is bad_hash', async () => {
      const forged = await second({ h1: 'A'.repeat(43) })
      await faults('bad_hash', () => c.owner.onSecond(forged), 'h1')
      const otherRid = await second({ rid: 'A'.repeat(22) })
      await faults('bad_hash', () => c.owner.onSecond(otherRid))
    })

    it('attack 28: its own message 1 reflected as 2, or 3 as 4, fails', async () => {
      await faults('bad_mac', () => c.owner.onSecond(c.owner.first))
      const { toOwner } = await pairingKeys(c.secret)
      const remacked = await sealPairMessage(
        'os1-pair1',
        (await openEnvelope('os1-pair1', c.owner.first.e, claims => claims.admin)).payload,
        { sign: c.home.admin.sign, mac: toOwner },
      )
      await faults('bad_mac', () => c.owner.onSecond(remacked))
      const msg3 = await c.owner.onSecond(await c.camera.receive(c.owner.first))
      await faults('bad_mac', () => c.owner.onFourth(msg3))
    })

    it('attack 28: messages 2 and 4 of another pairing fail', async () => {
      const other = await newCeremony()
      const foreign2 = await other.camera.receive(other.owner.first)
      await faults('bad_mac', () => c.owner.onSecond(foreign2))
      const foreign4 = await other.camera.receive(await other.owner.onSecond(foreign2))
      await c.owner.onSecond(await c.camera.receive(c.owner.first))
      await faults('bad_mac', () => c.owner.onFourth(foreign4))
    })

    it('attack 28: message 4 over another transcript, another rid or by another key is refused', async () => {
      const msg = await fourth({ h123: 'A'.repeat(43) })
      await faults('bad_hash', () => c.owner.onFourth(msg), 'h123')
      c = await newCeremony()
      const rid = await fourth({ rid: 'A'.repeat(22) })
      await faults('bad_hash', () => c.owner.onFourth(rid))
      c = await newCeremony()
      const forged = await fourth({}, await generateKeyPair())
      await faults('bad_sig', () => c.owner.onFourth(forged))
    })

    it('attack 28: message 4 whose ack is for another policy, number or camera is refused', async () => {
      const { cam } = c.home
      const wrongHash = await fourth({ ack: await sealAck(cam, 1, 'A'.repeat(43)) })
      await faults('bad_hash', () => c.owner.onFourth(wrongHash), 'ack')
      c = await newCeremony()
      const wrongKey = await fourth({ ack: await sealAck(await generateKeyPair(), 1, 'A'.repeat(43)) })
      await faults('bad_sig', () => c.owner.onFourth(wrongKey))
    })

    it('attack 28: an ack of the right policy by the right key is for this camera and for number 1', async () => {
      const acked = async (change: object) => {
        c = await newCeremony()
        const msg3 = await c.owner.onSecond(await c.camera.receive(c.owner.first))
        const { e } = await c.camera.receive(msg3)
        const { payload } = await openEnvelope('os1-pair4', e, () => c.home.cam.publicKey)
        const ph = c.committed[0]!.policy.hash
        const claim = { v: 1 as const, iss: c.home.cam.id, n: 1, ph, iat: now(), ...change }
        const ack = await seal('os1-ack', claim, c.home.cam.sign)
        const { toOwner: mac } = await pairingKeys(c.secret)
        return sealPairMessage('os1-pair4', { ...payload, ack }, { sign: c.home.cam.sign, mac })
      }
      const right = await acked({})
      await c.owner.onFourth(right)
      for (const change of [{ n: 2 }, { iss: 'A'.repeat(43) }]) {
        const message = await acked(change)
        await faults('bad_hash', () => c.owner.onFourth(message), 'ack')
      }
    })

    it('attack 28: with message 4 dropped nothing is pinned, and the same message 3 asks again', async () => {
      const msg3 = await c.owner.onSecond(await c.camera.receive(c.owner.first))
      await c.camera.receive(msg3)
      const paired = await c.owner.onFourth(await c.camera.receive(msg3))
      assert.equal(paired.camId, c.home.cam.id)
      assert.equal(c.committed.length, 1)
    })
  })

  describe('a lost message 4', () => {
    async function beacon(change: Partial<Payload<'os1-beacon'>> = {}, sign = c.home.cam): Promise<string> {
      const ph = c.committed[0]?.policy.hash ?? 'A'.repeat(43)
      const payload = {
        v: 1 as const,
        iss: c.home.cam.id,
        win: 'A'.repeat(22),
        n: 1,
        ph,
        fw: '',
        iat: now(),
        ...change,
      }
      return seal('os1-beacon', payload, sign.sign)
    }
    beforeEach(async () => {
      await c.camera.receive(await c.owner.onSecond(await c.camera.receive(c.owner.first)))
    })

    it("is made up for by the camera's own beacon of this very policy", async () => {
      const paired = await c.owner.onBeacon(await beacon())
      assert.deepEqual([paired.camId, paired.key], [c.home.cam.id, c.home.cam.publicKey])
      assert.equal(paired.phrase, c.states.at(-1)?.[1])
    })

    it('is not made up for by a beacon of another policy, number or key', async () => {
      const foreign = await beacon({ ph: 'A'.repeat(43) })
      const fault = await faults('bad_hash', () => c.owner.onBeacon(foreign), 'ph')
      assert.match(fault.message, /paired by somebody else/)
      const later = await beacon({ n: 2 })
      await faults('bad_hash', () => c.owner.onBeacon(later))
      const forged = await beacon({}, await generateKeyPair())
      await faults('bad_sig', () => c.owner.onBeacon(forged))
      const other = await beacon({ iss: c.home.view.id })
      await faults('bad_hash', () => c.owner.onBeacon(other))
    })
  })
})
