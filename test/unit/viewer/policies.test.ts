import assert from 'node:assert/strict'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { ALL_RIGHTS, type PolicyChange } from '@ownsight/protocol/policy-change'
import { openPolicies, type Policies, type Way } from '../../../viewer/src/policies.ts'
import { until } from '../../support/wait.ts'
import { firstPolicy, type Home, newHome } from '../protocol/fixtures.ts'
import { fakeCamera, offline } from './fake-policy-camera.ts'
import { memoryPolicyStore } from './memory-policy-store.ts'

describe('viewer: policies', () => {
  let home: Home
  let second: KeyPair
  let anna: KeyPair
  let bert: KeyPair
  let camera: Awaited<ReturnType<typeof fakeCamera>>
  let ended: AbortController
  before(async () => {
    ;[second, anna, bert] = await Promise.all([generateKeyPair(), generateKeyPair(), generateKeyPair()])
  })
  beforeEach(async () => {
    home = await newHome()
    ended = new AbortController()
    camera = await fakeCamera(home, {
      admins: [{ k: home.admin.publicKey }, { k: second.publicKey }],
      viewers: [
        { k: home.view.publicKey, r: [...ALL_RIGHTS] },
        { k: anna.publicKey, r: ['view'] },
        { k: bert.publicKey, r: ['view'] },
      ],
    })
    camera.keys.set(second.id, second)
  })
  afterEach(() => ended.abort())

  function device(admin: KeyPair, way: () => Way, store = memoryPolicyStore()): Policies {
    return openPolicies({
      admin,
      store,
      pin: camId => (camId === home.cam.id ? home.cam.publicKey : undefined),
      cameras: () => [home.cam.id],
      way,
      signal: ended.signal,
      retryMs: () => 1_000_000,
    })
  }
  const remove = (key: KeyPair): PolicyChange => ({ op: 'remove', k: key.id })
  const admit = (key: KeyPair): PolicyChange => ({ op: 'admit', k: key.publicKey, r: ['view'] })
  const mayWatch = (key: KeyPair): boolean => camera.policy().viewers.has(key.id)
  const pendingOf = (policies: Policies) => policies.of(home.cam.id).value.pending

  it('a change is done when the camera has confirmed it', async () => {
    const phone = device(home.admin, () => camera.way)
    await phone.change(home.cam.id, [remove(anna)], 'Anna removed')
    assert.equal(mayWatch(anna), false)
    assert.deepEqual(pendingOf(phone), [])
    assert.equal(phone.of(home.cam.id).value.inForce?.hash, camera.policy().hash)
    assert.equal(phone.of(home.cam.id).value.trouble, undefined)
  })

  it('two admins fork the policy of an offline camera: no removal is lost', async () => {
    let way = offline
    const phone = device(home.admin, () => way)
    const tablet = device(second, () => way)
    await Promise.all([
      phone.change(home.cam.id, [remove(anna)], 'Anna removed'),
      tablet.change(home.cam.id, [remove(bert)], 'Bert removed'),
    ])
    assert.equal(pendingOf(phone).length, 1)
    assert.equal(pendingOf(tablet).length, 1)
    assert.equal(mayWatch(anna) && mayWatch(bert), true)
    way = camera.way
    await Promise.all([phone.deliverAll(), tablet.deliverAll()])
    assert.equal(mayWatch(anna), false)
    assert.equal(mayWatch(bert), false)
    assert.deepEqual([pendingOf(phone), pendingOf(tablet)], [[], []])
    assert.equal(camera.policy().policy.n, 3)
  })

  it('outlives the page: kept before the first try, delivered by the next', async () => {
    const store = memoryPolicyStore()
    const silent: Way = { read: () => new Promise(() => undefined), policy: offline.policy }
    void device(home.admin, () => silent, store).change(home.cam.id, [remove(anna)], 'Anna removed')
    await until(async () => (await store.operations(home.cam.id)).length === 1, {
      timeout: 5000,
      what: 'the operation to be kept',
    })
    const next = device(home.admin, () => camera.way, store)
    await next.deliverAll()
    assert.equal(mayWatch(anna), false)
  })

  it('an acknowledgement that is lost, forged or of another document counts for nothing', async () => {
    const stranger = await generateKeyPair()
    const forged = await seal(
      'os1-ack',
      { v: 1, iss: home.cam.id, n: 2, ph: camera.policy().hash, iat: 1 },
      stranger.sign,
    )
    const old = await seal(
      'os1-ack',
      { v: 1, iss: home.cam.id, n: 1, ph: camera.policy().hash, iat: 1 },
      home.cam.sign,
    )
    for (const reply of [{ ack: forged }, { ack: old }, { hint: 'no_reply' }]) {
      // The server keeps the document to itself and answers in the camera's place.
      const phone = device(home.admin, () => ({ read: camera.way.read, policy: async () => reply }))
      await phone.change(home.cam.id, [remove(anna)], 'Anna removed')
      assert.equal(pendingOf(phone).length, 1, JSON.stringify(reply).slice(0, 30))
      assert.ok(phone.of(home.cam.id).value.trouble)
    }
    assert.equal(mayWatch(anna), true)
  })

  it('a lost acknowledgement of what the camera did is found by reading, and not done twice', async () => {
    const lossy: Way = {
      read: camera.way.read,
      async policy(policy) {
        await camera.way.policy(policy)
        return { hint: 'no_reply' }
      },
    }
    const phone = device(home.admin, () => lossy)
    await phone.change(home.cam.id, [admit(await generateKeyPair())], 'Carl let in')
    assert.deepEqual(pendingOf(phone), [])
    assert.equal(camera.policy().policy.n, 2)
  })

  it('what gives a right is not given again after another device took it: the owner is asked', async () => {
    const carl = await generateKeyPair()
    const store = memoryPolicyStore()
    let lost = true
    const lossy: Way = {
      read: async read => (lost ? camera.way.read(read) : { hint: 'offline' }),
      async policy(policy) {
        await camera.way.policy(policy)
        lost = false
        return { hint: 'no_reply' }
      },
    }
    await device(home.admin, () => lossy, store).change(home.cam.id, [admit(carl)], 'Carl let in')
    assert.equal(mayWatch(carl), true)
    const tablet = device(second, () => camera.way)
    await tablet.change(home.cam.id, [remove(carl)], 'Carl removed')
    const phone = device(home.admin, () => camera.way, store)
    await phone.refresh(home.cam.id)
    assert.equal(mayWatch(carl), false)
    const [question] = pendingOf(phone)
    assert.equal(question?.unsure, true)
    await phone.decide(home.cam.id, question?.id ?? 0, true)
    assert.equal(mayWatch(carl), true)
    assert.deepEqual(pendingOf(phone), [])
  })

  it('an invitation that another device withdrew lets nobody in', async () => {
    const invite = await generateKeyPair()
    const carl = await generateKeyPair()
    const tablet = device(second, () => camera.way)
    const exp = Math.floor(Date.now() / 1000) + 600
    await tablet.change(
      home.cam.id,
      [{ op: 'invite', k: invite.publicKey, r: ['view'], exp }],
      'Carl invited',
    )
    let way = offline
    const phone = device(home.admin, () => way)
    await phone.change(
      home.cam.id,
      [{ op: 'admit', k: carl.publicKey, r: ['view'], inv: invite.id }],
      'Carl let in',
    )
    await tablet.change(home.cam.id, [remove(invite)], 'Invitation withdrawn')
    way = camera.way
    await phone.refresh(home.cam.id)
    assert.equal(mayWatch(carl), false)
    assert.equal(pendingOf(phone)[0]?.unsure, true)
  })

  it('goes over the channel of a live session when signaling withholds it', async () => {
    const phone = device(home.admin, () => offline)
    await phone.change(home.cam.id, [{ op: 'privacy', on: true }], 'Private')
    assert.equal(camera.policy().policy.privacy, false)
    const stop = phone.overChannel(home.cam.id, camera.way)
    await phone.refresh(home.cam.id)
    assert.equal(camera.policy().policy.privacy, true)
    assert.deepEqual(pendingOf(phone), [])
    stop()
    await phone.refresh(home.cam.id)
    assert.equal(phone.of(home.cam.id).value.trouble, 'offline')
  })

  it('a server that never answers does not hold up the channel', async () => {
    const mute: Way = { read: camera.way.read, policy: () => new Promise(() => undefined) }
    const phone = device(home.admin, () => mute)
    void phone.change(home.cam.id, [remove(anna)], 'Anna removed')
    await until(() => pendingOf(phone)[0]?.label, { timeout: 5000, what: 'the operation' })
    phone.overChannel(home.cam.id, camera.way)
    await until(() => !mayWatch(anna), { timeout: 5000, what: 'the removal' })
    await until(() => pendingOf(phone).length === 0, { timeout: 5000, what: 'the confirmation' })
  })

  it('an admission that lost a race to another change is made again without a question', async () => {
    const carl = await generateKeyPair()
    const tablet = device(second, () => camera.way)
    let first = true
    const racing: Way = {
      read: camera.way.read,
      async policy(policy) {
        if (first) await tablet.change(home.cam.id, [remove(anna)], 'Anna removed')
        first = false
        return camera.way.policy(policy)
      },
    }
    const phone = device(home.admin, () => racing)
    await phone.change(home.cam.id, [admit(carl)], 'Carl let in')
    assert.equal(mayWatch(carl), true)
    assert.equal(mayWatch(anna), false)
    assert.deepEqual(pendingOf(phone), [])
  })

  it('a status of another camera, or an answer to another question, is not believed', async () => {
    const other = await newHome()
    const elsewhere = await fakeCamera({ ...other, admin: home.admin }, {})
    const phone = device(home.admin, () => elsewhere.way)
    await phone.refresh(home.cam.id)
    assert.equal(phone.of(home.cam.id).value.inForce, undefined)
    let kept: Awaited<ReturnType<Way['read']>> | undefined
    const replaying: Way = {
      read: async read => (kept ??= await camera.way.read(read)),
      policy: offline.policy,
    }
    const tablet = device(home.admin, () => replaying)
    await tablet.refresh(home.cam.id)
    assert.ok(tablet.of(home.cam.id).value.inForce)
    await tablet.refresh(home.cam.id)
    assert.equal(tablet.of(home.cam.id).value.trouble, 'foreign_answer')
  })

  it('a camera whose memory was put back is noticed', async () => {
    const phone = device(home.admin, () => camera.way)
    const before = camera.policy()
    await phone.change(home.cam.id, [remove(anna)], 'Anna removed')
    const after = phone.of(home.cam.id).value.inForce
    const rolledBack = await fakeCamera(home, { ...firstPolicy(home), ...before.policy })
    const later = device(home.admin, () => rolledBack.way, memoryPolicyStore(after && [[home.cam.id, after]]))
    await later.refresh(home.cam.id)
    assert.equal(later.of(home.cam.id).value.trouble, 'older')
    assert.equal(later.of(home.cam.id).value.inForce?.policy.n, 2)
  })

  it('the last device that may change things is not taken out', async () => {
    const phone = device(home.admin, () => camera.way)
    await phone.change(home.cam.id, [remove(second)], 'Tablet removed')
    await phone.change(home.cam.id, [remove(home.admin)], 'This device removed')
    assert.equal(camera.policy().admins.size, 1)
    assert.equal(pendingOf(phone)[0]?.unsure, true)
  })
})
