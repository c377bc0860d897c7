import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKeys } from '@ownsight/camera-agent/keystore'
import { openPolicyStore, type PolicyStore } from '@ownsight/camera-agent/policy-store'
import { seal } from '@ownsight/protocol/envelope'
import { ProtocolFault } from '@ownsight/protocol/errors'
import { openFirstPolicy } from '@ownsight/protocol/policy'
import { firstPolicy, type Home, newHome } from '../unit/protocol/fixtures.ts'

/** MUSTs of docs/PROTOCOL.md §6 that the camera agent carries, seen from outside. */
describe('conformance: camera agent', () => {
  let folder = ''
  let home: Home
  let store: PolicyStore

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ownsight-conformance-'))
    home = { ...(await newHome()), cam: (await createKeys(folder)).cam }
    store = await openPolicyStore(folder, home.cam)
    const jws = await seal('os1-policy', firstPolicy(home), home.admin.sign)
    const { root, admin, view, cam } = home
    const expected = { cam: cam.id, root: root.publicKey, admin: admin.publicKey, view: view.publicKey }
    await store.pair(await openFirstPolicy(jws, expected), jws, admin.publicKey, null)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('M-6.17 of two successors sent at once, the second is judged against the first', async () => {
    const prev = store.current()?.hash ?? null
    const successors = await Promise.all(
      [true, false].map(privacy =>
        seal('os1-policy', firstPolicy(home, { n: 2, prev, privacy }), home.admin.sign),
      ),
    )
    const [first, second] = await Promise.allSettled(successors.map(jws => store.update(jws)))
    assert.equal(first?.status, 'fulfilled')
    assert.ok(second?.status === 'rejected' && second.reason instanceof ProtocolFault, 'refused, not broken')
    assert.equal(second.reason.code, 'bad_epoch')
    assert.equal(store.current()?.policy.privacy, true)
  })
})
