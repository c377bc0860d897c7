import assert from 'node:assert/strict'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import {
  CLOCK_MAX_AHEAD_S,
  POLICY_MAX_BYTES,
  POLICY_MAX_ENTRIES,
  ROOT_EPOCH_JUMP,
} from '@ownsight/protocol/limits'
import type { Policy } from '@ownsight/protocol/messages'
import {
  judgeClock,
  openFirstPolicy,
  openNextPolicy,
  type PolicyInForce,
  reopenPolicy,
  rightsOf,
} from '@ownsight/protocol/policy'
import { faults, firstPolicy, forge, type Home, headerOf, inForce, newHome, strayBit } from './fixtures.ts'

describe('protocol: policy', () => {
  let home: Home
  let current: PolicyInForce
  before(async () => {
    home = await newHome()
    current = await inForce(home)
  })

  const nextOf = (change: Partial<Policy> = {}): Policy =>
    firstPolicy(home, { n: current.policy.n + 1, prev: current.hash, ...change })
  const signed = (policy: Policy, key: KeyPair = home.admin) => seal('os1-policy', policy, key.sign)
  const openNext = async (change: Partial<Policy> = {}, key?: KeyPair) =>
    openNextPolicy(await signed(nextOf(change), key), current)
  const byRoot = (change: Partial<Policy>) =>
    openNext({ iss: home.root.id, prev: null, ...change }, home.root)

  describe('the first policy', () => {
    const expected = () => ({
      cam: home.cam.id,
      root: home.root.publicKey,
      admin: home.admin.publicKey,
      view: home.view.publicKey,
    })
    const open = async (change: Partial<Policy>, key = home.admin) =>
      openFirstPolicy(await signed(firstPolicy(home, change), key), expected())

    it('is number 1, of this root, with the pairing device in it', async () => {
      const policy = await open({})
      assert.equal(policy.policy.n, 1)
      assert.ok(policy.admins.has(home.admin.id))
      assert.ok(policy.viewers.has(home.view.id))
    })

    it('with another number or a predecessor is bad_epoch', async () => {
      await faults('bad_epoch', () => open({ n: 2 }), 'n')
      await faults('bad_epoch', () => open({ prev: current.hash }), 'n')
    })

    it('of another root is bad_key', async () => {
      await faults('bad_key', () => open({ root: home.view.id }), 'root')
    })

    it('without the pairing admin or the pairing viewer is bad_key', async () => {
      const other = (await generateKeyPair()).publicKey
      await faults('bad_key', () => open({ admins: [{ k: other }] }), 'admins')
      await faults('bad_key', () => open({ viewers: [{ k: other, r: ['view'] }] }), 'admins')
    })

    it('signed or issued by anybody but the pairing admin is refused', async () => {
      await faults('unknown_viewer', () => open({ iss: home.root.id }, home.root))
      await faults('bad_sig', () => open({}, home.root))
    })

    it('under a root that is no point on the curve is bad_key', async () => {
      const root = { x: home.root.publicKey.y, y: home.root.publicKey.x }
      const jws = await signed(firstPolicy(home))
      await faults('bad_key', () => openFirstPolicy(jws, { ...expected(), root }), 'key')
    })
  })

  describe('attack 10: the successor', () => {
    it('signed by an admin, one further, naming its predecessor, is taken', async () => {
      const next = await openNext({ viewers: [] })
      assert.equal(next.policy.n, 2)
      assert.equal(next.viewers.size, 0)
    })

    it('attack 10: rollback, the same number and skipping are bad_epoch', async () => {
      const second = await openNext()
      const rollback = await signed(firstPolicy(home))
      await faults('bad_epoch', () => openNextPolicy(rollback, second), 'n')
      for (const n of [1, 3, 4, Number.MAX_SAFE_INTEGER])
        await faults('bad_epoch', () => openNext({ n }), 'n')
    })

    it('attack 10: a wrong or missing predecessor is bad_hash', async () => {
      await faults('bad_hash', () => openNext({ prev: null }), 'prev')
      await faults('bad_hash', () => openNext({ prev: 'A'.repeat(43) }), 'prev')
    })

    it('attack 10: a fork of the policy in force is bad_hash: the first to arrive wins', async () => {
      const winner = await openNext({ privacy: true })
      const loser = await signed(nextOf({ n: 3, prev: (await openNext({ iat: 7 })).hash }))
      await faults('bad_hash', () => openNextPolicy(loser, winner), 'prev')
    })

    it('attack 10: a stranger, a viewer, and an admin that this very document adds are refused', async () => {
      const stranger = await generateKeyPair()
      await faults('unknown_viewer', () => openNext({ iss: stranger.id }, stranger))
      await faults('bad_sig', () => openNext({}, stranger))
      await faults('unknown_viewer', () => openNext({ iss: home.view.id }, home.view))
      const admins = [{ k: home.admin.publicKey }, { k: stranger.publicKey }]
      await faults('unknown_viewer', () => openNext({ iss: stranger.id, admins }, stranger))
    })

    it('attack 10: an admin that was removed is refused', async () => {
      const heir = await generateKeyPair()
      const second = await openNext({ admins: [{ k: heir.publicKey }] })
      const jws = await signed(nextOf({ n: 3, prev: second.hash }))
      await faults('unknown_viewer', () => openNextPolicy(jws, second))
    })

    it('attack 10: a policy for another camera is wrong_aud', async () => {
      await faults('wrong_aud', () => openNext({ cam: home.view.id }), 'cam')
      await faults('wrong_aud', () => byRoot({ cam: home.view.id }), 'cam')
    })

    it('attack 10: another root is bad_key, even from an admin or from root', async () => {
      await faults('bad_key', () => openNext({ root: home.view.id }), 'root')
      await faults('bad_key', () => byRoot({ root: home.view.id }), 'root')
    })
  })

  describe('attack 33: root', () => {
    it('attack 33: replaces a stolen admin, with any number up to 2^20 ahead', async () => {
      const heir = await generateKeyPair()
      for (const n of [2, 1 + ROOT_EPOCH_JUMP]) {
        const policy = await byRoot({ n, admins: [{ k: heir.publicKey }] })
        assert.deepEqual([...policy.admins.keys()], [heir.id])
      }
    })

    it('attack 33: never goes back, stands still, or jumps further', async () => {
      for (const n of [1, 2 + ROOT_EPOCH_JUMP, Number.MAX_SAFE_INTEGER])
        await faults('bad_epoch', () => byRoot({ n }), 'n')
    })

    it('names no predecessor', async () => {
      await faults('bad_hash', () => byRoot({ prev: current.hash }), 'prev')
    })

    it('attack 33: another root key is refused', async () => {
      const other = await generateKeyPair()
      await faults('unknown_viewer', () => openNext({ iss: other.id, prev: null }, other))
      await faults('bad_sig', () => openNext({ iss: home.root.id, prev: null }, other))
    })
  })

  describe('its entries', () => {
    it('more than 64 in all is limit', async () => {
      const keys = await Promise.all(Array.from({ length: POLICY_MAX_ENTRIES }, () => generateKeyPair()))
      const viewers = keys.map(({ publicKey }) => ({ k: publicKey, r: ['view' as const] }))
      await faults('limit', () => openNext({ viewers }), 'viewers')
      const full = await openNext({ viewers: viewers.slice(1) })
      assert.equal(full.viewers.size, POLICY_MAX_ENTRIES - 1)
    })

    it('a key in two lists, or twice in one, is bad_key', async () => {
      const k = home.admin.publicKey
      const exp = 2_000_000_000
      await faults('bad_key', () => openNext({ admins: [{ k }, { k }] }), 'viewers')
      await faults('bad_key', () => openNext({ viewers: [{ k, r: ['view'] }] }), 'viewers')
      await faults('bad_key', () => openNext({ invites: [{ k, r: ['view'], exp }] }), 'viewers')
      const hub = { k, link: 'A'.repeat(22), prov: 'google' as const, r: ['view' as const], exp, lan: true }
      await faults('bad_key', () => openNext({ hubs: [hub] }), 'viewers')
    })

    it('a second spelling of a key does not make it another key', async () => {
      const { x, y } = home.admin.publicKey
      const text = JSON.stringify(nextOf({ viewers: [{ k: { x: strayBit(x), y }, r: ['view'] }] }))
      const jws = await forge(headerOf('os1-policy'), text, home.admin.sign)
      await faults('bad_form', () => openNextPolicy(jws, current), 'viewers.0.k.x')
    })

    it('a key that is no point on the curve is bad_key', async () => {
      const { x, y } = (await generateKeyPair()).publicKey
      await faults('bad_key', () => openNext({ viewers: [{ k: { x: y, y: x }, r: ['view'] }] }), 'key')
    })

    it('no admin at all is bad_key', async () => {
      await faults('bad_key', () => openNext({ admins: [] }), 'admins')
      await faults('bad_key', () => byRoot({ admins: [] }), 'admins')
    })

    it('unknown members, in the document and in an entry, are bad_form', async () => {
      const policy = nextOf()
      for (const odd of [
        { ...policy, owner: 'x' },
        { ...policy, viewers: [{ ...policy.viewers[0], admin: true }] },
        { ...policy, admins: [{ ...policy.admins[0], r: ['view'] }] },
        { ...policy, viewers: [{ ...policy.viewers[0], r: ['everything'] }] },
      ]) {
        const jws = await forge(headerOf('os1-policy'), JSON.stringify(odd), home.admin.sign)
        await faults('bad_form', () => openNextPolicy(jws, current))
      }
    })

    it('a document that is too long is limit, before it is opened', async () => {
      await faults('limit', () => openNextPolicy('A'.repeat(POLICY_MAX_BYTES + 1), current), 'policy')
      await faults('bad_form', () => openNextPolicy('A'.repeat(POLICY_MAX_BYTES), current), 'envelope')
    })
  })

  describe('opened again after a start', () => {
    it('is what was stored', async () => {
      const jws = await signed(nextOf())
      const stored = { root: home.root.publicKey, signer: home.admin.publicKey, cam: home.cam.id }
      assert.equal((await reopenPolicy(jws, stored)).policy.n, 2)
    })

    it('attack 10: a changed byte, another camera or another root is refused', async () => {
      const jws = await signed(nextOf())
      const stored = { root: home.root.publicKey, signer: home.admin.publicKey, cam: home.cam.id }
      await faults('bad_sig', () => reopenPolicy(jws, { ...stored, signer: home.view.publicKey }))
      await faults('wrong_aud', () => reopenPolicy(jws, { ...stored, cam: home.view.id }))
      await faults('bad_key', () => reopenPolicy(jws, { ...stored, root: home.view.publicKey }), 'root')
    })
  })

  describe('attack 11: time', () => {
    const floor = 1_800_000_000
    it('attack 11: a clock below the floor, or more than 400 days above it, is not believed', () => {
      assert.deepEqual(judgeClock(floor, floor), { now: floor, plausible: true })
      assert.equal(judgeClock(floor - 1, floor).plausible, false)
      assert.equal(judgeClock(0, floor).plausible, false)
      assert.equal(judgeClock(floor + CLOCK_MAX_AHEAD_S, floor).plausible, true)
      assert.equal(judgeClock(floor + CLOCK_MAX_AHEAD_S + 1, floor).plausible, false)
      assert.equal(judgeClock(Number.NaN, floor).plausible, false)
    })

    it('attack 7: before nbf and from exp on is expired', async () => {
      const viewers = [{ k: home.view.publicKey, r: ['view' as const], nbf: 100, exp: 200 }]
      const policy = await openNext({ viewers })
      for (const now of [0, 99, 200, 201])
        await faults('expired', () => rightsOf(policy, home.view.id, { now, plausible: true }), 'exp')
      for (const now of [100, 199])
        assert.deepEqual(rightsOf(policy, home.view.id, { now, plausible: true }), ['view'])
    })

    it('attack 11: with a clock that is not believed, an entry with a time is refused, one without works', async () => {
      const clock = { now: 150, plausible: false }
      for (const times of [{ exp: 200 }, { nbf: 100 }, { nbf: 100, exp: 200 }]) {
        const policy = await openNext({ viewers: [{ k: home.view.publicKey, r: ['view'], ...times }] })
        await faults('clock', () => rightsOf(policy, home.view.id, clock), 'iat')
      }
      assert.ok(rightsOf(current, home.view.id, clock).includes('view'))
    })

    it('attack 11: a clock set back or forward revives no expired entry', async () => {
      const policy = await openNext({ viewers: [{ k: home.view.publicKey, r: ['view'], exp: floor - 10 }] })
      for (const system of [floor - 20, 0, floor, floor + 10 * CLOCK_MAX_AHEAD_S])
        assert.throws(() => rightsOf(policy, home.view.id, judgeClock(system, floor)))
    })
  })

  describe('rights', () => {
    const clock = { now: 0, plausible: true }
    it('attack 7: a viewer that is not in it, or was removed, is unknown', async () => {
      await faults('unknown_viewer', () => rightsOf(current, home.admin.id, clock))
      const without = await openNext({ viewers: [] })
      await faults('unknown_viewer', () => rightsOf(without, home.view.id, clock))
    })

    it('privacy closes it to everybody', async () => {
      const policy = await openNext({ privacy: true })
      await faults('private', () => rightsOf(policy, home.view.id, clock), 'privacy')
    })

    it('an entry without view gives nothing', async () => {
      const policy = await openNext({ viewers: [{ k: home.view.publicKey, r: ['talk', 'audio'] }] })
      await faults('no_right', () => rightsOf(policy, home.view.id, clock), 'r')
    })

    it('the name of an Object.prototype member is no viewer', async () => {
      await faults('unknown_viewer', () => rightsOf(current, 'constructor', clock))
    })
  })
})
