import assert from 'node:assert/strict'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { openNextPolicy, type PolicyInForce, rightsOf } from '@ownsight/protocol/policy'
import {
  ALL_RIGHTS,
  type PolicyChange,
  sealNextPolicy,
  sealRootPolicy,
} from '@ownsight/protocol/policy-change'
import { faults, type Home, inForce, newHome, now } from './fixtures.ts'

describe('protocol: changes of a policy', () => {
  let home: Home
  let guest: KeyPair
  let phone: { admin: KeyPair; view: KeyPair }
  let start: PolicyInForce
  const clock = { now: now(), plausible: true }
  before(async () => {
    home = await newHome()
    guest = await generateKeyPair()
    phone = { admin: await generateKeyPair(), view: await generateKeyPair() }
    start = await inForce(home)
  })
  const apply = async (from: PolicyInForce, ...changes: PolicyChange[]) =>
    openNextPolicy((await sealNextPolicy(home.admin, from, changes)).jws, from)
  const admitGuest: () => PolicyChange = () => ({ op: 'admit', k: guest.publicKey, r: ['view'] })
  const addPhone = (): PolicyChange => ({
    op: 'add-admin',
    admin: phone.admin.publicKey,
    view: phone.view.publicKey,
  })

  it('admits, changes rights and removes', async () => {
    const admitted = await apply(start, admitGuest())
    assert.deepEqual(rightsOf(admitted, guest.id, clock), ['view'])
    const more = await apply(admitted, { op: 'rights', k: guest.id, r: ['view', 'audio'], exp: now() + 60 })
    assert.deepEqual(rightsOf(more, guest.id, clock), ['view', 'audio'])
    const gone = await apply(more, { op: 'remove', k: guest.id })
    await faults('unknown_viewer', () => rightsOf(gone, guest.id, clock))
    assert.deepEqual(gone.policy.viewers, start.policy.viewers)
  })

  it('rights come with their times, or with none', async () => {
    const admitted = await apply(start, admitGuest())
    const entry = async (change: PolicyChange) => (await apply(admitted, change)).policy.viewers.at(-1)
    const [nbf, exp] = [now() - 5, now() + 60]
    const k = guest.publicKey
    const r = ['view' as const]
    assert.deepEqual(await entry({ op: 'rights', k: guest.id, r, nbf, exp }), { k, r, nbf, exp })
    assert.deepEqual(await entry({ op: 'rights', k: guest.id, r, nbf }), { k, r, nbf })
    assert.deepEqual(await entry({ op: 'rights', k: guest.id, r, exp }), { k, r, exp })
    assert.deepEqual(await entry({ op: 'rights', k: guest.id, r }), { k, r })
  })

  it('an invitation says what its guest may do, and each document when it was signed', async () => {
    const { publicKey: k } = await generateKeyPair()
    const exp = now() + 60
    const { policy } = await apply(start, { op: 'invite', k, r: ['view', 'audio'], exp })
    assert.deepEqual(policy.invites, [{ k, r: ['view', 'audio'], exp }])
    assert.ok(Math.abs(policy.iat - now()) < 60)
  })

  it('an invitation is taken out when its guest is let in', async () => {
    const invite = await generateKeyPair()
    const invited = await apply(start, { op: 'invite', k: invite.publicKey, r: ['view'], exp: now() + 60 })
    assert.ok(invited.invites.has(invite.id))
    await faults('unknown_viewer', () => rightsOf(invited, invite.id, clock))
    const admitted = await apply(invited, { op: 'admit', k: guest.publicKey, r: ['view'], inv: invite.id })
    assert.equal(admitted.invites.size, 0)
    assert.deepEqual(rightsOf(admitted, guest.id, clock), ['view'])
  })

  it('a change applied twice stands there once', async () => {
    const twice = await apply(start, admitGuest(), admitGuest(), addPhone(), addPhone())
    assert.equal(twice.policy.viewers.length, 3)
    assert.equal(twice.policy.admins.length, 2)
    const invite = (): PolicyChange => ({ op: 'invite', k: guest.publicKey, r: ['view'], exp: now() + 60 })
    assert.equal((await apply(start, invite(), invite())).policy.invites.length, 1)
  })

  it('a second admin may sign the next, and take the first one out', async () => {
    const two = await apply(start, addPhone())
    assert.deepEqual(rightsOf(two, phone.view.id, clock), ALL_RIGHTS)
    const changes: PolicyChange[] = [
      { op: 'remove', k: home.admin.id },
      { op: 'remove', k: home.view.id },
    ]
    const alone = await openNextPolicy((await sealNextPolicy(phone.admin, two, changes)).jws, two)
    assert.deepEqual([...alone.admins.keys()], [phone.admin.id])
    await faults('unknown_viewer', () => rightsOf(alone, home.view.id, clock))
  })

  it('the last admin cannot leave', async () => {
    await faults(
      'bad_key',
      () => sealNextPolicy(home.admin, start, [{ op: 'remove', k: home.admin.id }]),
      'admins',
    )
  })

  it('two admins fork: the loser applies its removal on top, and none is lost', async () => {
    const both = await apply(start, addPhone(), admitGuest())
    const winner = await sealNextPolicy(phone.admin, both, [{ op: 'privacy', on: true }])
    const loser = await sealNextPolicy(home.admin, both, [{ op: 'remove', k: guest.id }])
    const taken = await openNextPolicy(winner.jws, both)
    await faults('bad_epoch', () => openNextPolicy(loser.jws, taken))
    const again = await sealNextPolicy(home.admin, taken, [{ op: 'remove', k: guest.id }])
    const both2 = await openNextPolicy(again.jws, taken)
    assert.equal(both2.policy.privacy, true)
    assert.ok(!both2.viewers.has(guest.id))
  })

  it('attack 33: root beats every admin, also one that is stolen, and jumps ahead of what is under way', async () => {
    const two = await apply(start, addPhone(), admitGuest())
    const mine = { admin: await generateKeyPair(), view: await generateKeyPair() }
    const keys = { admin: mine.admin.publicKey, view: mine.view.publicKey }
    const out: PolicyChange[] = [
      { op: 'remove', k: home.view.id },
      { op: 'remove', k: phone.view.id },
    ]
    const next = await openNextPolicy((await sealRootPolicy(home.root, two, keys, out)).jws, two)
    assert.deepEqual([...next.admins.keys()], [mine.admin.id])
    assert.deepEqual([...next.viewers.keys()].sort(), [guest.id, mine.view.id].sort())
    const stolen = await sealNextPolicy(home.admin, two, [admitGuest()])
    await faults('unknown_viewer', () => openNextPolicy(stolen.jws, next))
  })

  it('attack 33: another root, or an admin that calls itself root, changes nothing', async () => {
    const wrong = await generateKeyPair()
    const keys = { admin: guest.publicKey, view: phone.view.publicKey }
    const theirs = await sealRootPolicy(wrong, start, keys, [])
    await faults('unknown_viewer', () => openNextPolicy(theirs.jws, start))
    const claimed = { ...theirs.policy, iss: home.root.id }
    const jws = await seal('os1-policy', claimed, wrong.sign)
    await faults('bad_sig', () => openNextPolicy(jws, start))
  })
})
