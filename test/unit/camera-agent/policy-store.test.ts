import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AgentError } from '@ownsight/camera-agent/agent-error'
import { createKeys, loadKeys } from '@ownsight/camera-agent/keystore'
import { openPolicyStore, type PolicyStore } from '@ownsight/camera-agent/policy-store'
import { openEnvelope, seal } from '@ownsight/protocol/envelope'
import { ProtocolFault } from '@ownsight/protocol/errors'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import { openFirstPolicy } from '@ownsight/protocol/policy'

describe('policy store', () => {
  let folder = ''
  let cam: KeyPair
  let admin: KeyPair
  let view: KeyPair
  let root: KeyPair
  let store: PolicyStore

  const policy = (change: Partial<Policy> = {}): Policy => ({
    v: 1,
    cam: cam.id,
    root: root.id,
    iss: admin.id,
    n: 1,
    prev: null,
    iat: 1_800_000_000,
    admins: [{ k: admin.publicKey }],
    viewers: [{ k: view.publicKey, r: ['view'] }],
    hubs: [],
    invites: [],
    hubsEnabled: true,
    privacy: false,
    ...change,
  })
  const sealPolicy = (value: Policy, key = admin) => seal('os1-policy', value, key.sign)

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ownsight-store-'))
    cam = (await createKeys(folder)).cam
    ;[admin, view, root] = await Promise.all([generateKeyPair(), generateKeyPair(), generateKeyPair()])
    store = await openPolicyStore(folder, cam)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  async function pair(): Promise<string> {
    const jws = await sealPolicy(policy())
    const expected = { cam: cam.id, root: root.publicKey, admin: admin.publicKey, view: view.publicKey }
    await store.pair(await openFirstPolicy(jws, expected), jws, admin.publicKey, null)
    return jws
  }
  const refused = (code: string) => (error: unknown) => error instanceof ProtocolFault && error.code === code

  it('keeps the pairing over a start, key and state readable by their owner alone', async () => {
    await pair()
    const again = await openPolicyStore(folder, (await loadKeys(folder))?.cam ?? cam)
    assert.equal(again.current()?.policy.n, 1)
    assert.deepEqual(again.current()?.hash, store.current()?.hash)
    for (const file of ['key.json', 'state.json'])
      assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600)
  })

  it('refuses to be paired twice', async () => {
    await pair()
    await assert.rejects(pair(), AgentError)
  })

  it('takes the next policy, acknowledges it signed, and keeps it', async () => {
    await pair()
    const next = await sealPolicy(policy({ n: 2, prev: store.current()?.hash ?? null, viewers: [] }))
    const ack = await openEnvelope('os1-ack', await store.update(next), () => cam.publicKey)
    assert.equal(ack.payload.n, 2)
    assert.equal(ack.payload.ph, store.current()?.hash)
    assert.equal((await openPolicyStore(folder, cam)).current()?.policy.viewers.length, 0)
  })

  it('acknowledges the policy in force again when its ack was lost', async () => {
    const jws = await pair()
    const ack = await openEnvelope('os1-ack', await store.update(jws), () => cam.publicKey)
    assert.equal(ack.payload.n, 1)
  })

  it('attack 10: refuses rollback, a skipped number, another predecessor, another admin, another camera', async () => {
    await pair()
    const prev = store.current()?.hash ?? null
    const stranger = await generateKeyPair()
    const cases: [string, Promise<string>][] = [
      ['bad_epoch', sealPolicy(policy({ n: 1, privacy: true }))],
      ['bad_epoch', sealPolicy(policy({ n: 3, prev }))],
      ['bad_hash', sealPolicy(policy({ n: 2, prev: cam.id }))],
      ['unknown_viewer', sealPolicy(policy({ n: 2, prev, iss: stranger.id }), stranger)],
      ['wrong_aud', sealPolicy(policy({ n: 2, prev, cam: stranger.id }))],
      ['bad_sig', sealPolicy(policy({ n: 2, prev }), stranger)],
      ['bad_key', sealPolicy(policy({ n: 2, prev, root: stranger.id }))],
    ]
    for (const [code, jws] of cases) await assert.rejects(store.update(await jws), refused(code), code)
    assert.equal(store.current()?.policy.n, 1)
  })

  it('takes updates one after another: of two successors of one policy, one wins', async () => {
    await pair()
    const prev = store.current()?.hash ?? null
    const [a, b] = await Promise.all([
      sealPolicy(policy({ n: 2, prev, viewers: [] })),
      sealPolicy(policy({ n: 2, prev, privacy: true })),
    ])
    const results = await Promise.allSettled([store.update(a), store.update(b)])
    assert.deepEqual(results.map(result => result.status).sort(), ['fulfilled', 'rejected'])
  })

  it('never lowers the time floor, neither at the hour nor with a policy', async () => {
    await pair()
    await store.saveFloor(1_900_000_000)
    await store.saveFloor(5)
    assert.equal(store.state()?.floor, 1_900_000_000)
    await store.update(await sealPolicy(policy({ n: 2, prev: store.current()?.hash ?? null })))
    assert.equal((await openPolicyStore(folder, cam)).state()?.floor, 1_900_000_000)
  })

  it('after a reset the old policy is nothing to the new key', async () => {
    await pair()
    const next = await createKeys(folder)
    assert.notEqual(next.cam.id, cam.id)
    assert.equal((await openPolicyStore(folder, next.cam)).current(), undefined)
  })

  it('refuses state written by newer software, and damaged state, in one sentence', async () => {
    await pair()
    const path = join(folder, 'state.json')
    const state = JSON.parse(readFileSync(path, 'utf8'))
    chmodSync(path, 0o600)
    writeFileSync(path, JSON.stringify({ ...state, schema: 3 }))
    await assert.rejects(openPolicyStore(folder, cam), /update the camera agent/)
    writeFileSync(path, JSON.stringify({ ...state, unknown: 1 }))
    await assert.rejects(openPolicyStore(folder, cam), /damaged/)
    writeFileSync(path, '{')
    await assert.rejects(openPolicyStore(folder, cam), /not JSON/)
  })

  it('reads state from before guests could be invited, and writes it as it is now', async () => {
    await pair()
    const path = join(folder, 'state.json')
    const { waiting: _, ...before } = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...before, schema: 1 }))
    const again = await openPolicyStore(folder, cam)
    assert.deepEqual(again.state()?.waiting, [])
    await again.saveFloor(1_900_000_000)
    assert.equal(JSON.parse(readFileSync(path, 'utf8')).schema, 2)
    writeFileSync(path, JSON.stringify({ ...before, schema: 1, waiting: [] }))
    await assert.rejects(openPolicyStore(folder, cam), /damaged/)
  })

  it('stores the floor that the clock says a policy leads to, lower ones too', async () => {
    await pair()
    await store.saveFloor(1_900_000_000)
    const next = await sealPolicy(policy({ n: 2, prev: store.current()?.hash ?? null }))
    await store.update(next, iat => iat + 5)
    assert.equal((await openPolicyStore(folder, cam)).state()?.floor, 1_800_000_005)
  })

  it('does not believe a stored policy that was edited', async () => {
    await pair()
    const path = join(folder, 'state.json')
    const state = JSON.parse(readFileSync(path, 'utf8'))
    const [head, , signature] = state.policy.split('.')
    const body = Buffer.from(JSON.stringify(policy({ viewers: [] }))).toString('base64url')
    writeFileSync(path, JSON.stringify({ ...state, policy: `${head}.${body}.${signature}` }))
    await assert.rejects(openPolicyStore(folder, cam), refused('bad_sig'))
  })
})
