import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { inviteKeyPair } from '@ownsight/protocol/invite'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { sealRootPolicy } from '@ownsight/protocol/policy-change'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { offerOnce, watchLive } from '../support/live-session.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import {
  beaconOf,
  change,
  deliver,
  invite,
  type Pinned,
  Refused,
  readStatus,
  redeem,
  release,
  sealChange,
} from '../support/owner-powers.ts'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import { until } from '../support/wait.ts'
import { createViewer } from '../support/werift-viewer.ts'

const soon = (): number => Math.floor(Date.now() / 1000) + 3600
const code = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'taken',
    error => (error instanceof Refused ? error.code : String(error)),
  )

/** What an owner may do, over a real server, to a real agent; the viewers are ours. */
describe('an owner’s powers', function () {
  this.timeout(120_000)
  let signaling: TestSignaling
  let owner: Owner
  let agent: TestAgent
  let camera: PairedCamera

  beforeEach(async () => {
    signaling = await startTestSignaling()
    owner = await createOwner(signaling.origin, { token: signaling.setupToken })
    agent = startAgent({ server: signaling.origin })
    camera = await pairCamera(owner, await agent.code())
    await agent.report(isServing)
  })
  afterEach(async () => {
    owner.close()
    await agent.dispose()
    await signaling.close()
  })

  const waiting = async () => (await readStatus(owner.socket, owner.admin, camera)).status.payload.waiting
  async function tries(view: KeyPair, at: Pinned = camera): Promise<string> {
    const viewer = await createViewer()
    try {
      await offerOnce({ view, socket: owner.socket }, at, { sdp: viewer.offer })
      return 'answered'
    } catch (error) {
      return error instanceof Refused ? error.code : (error as Error).message
    } finally {
      await viewer.close()
    }
  }
  async function restart(): Promise<void> {
    await agent.kill('SIGKILL')
    agent = startAgent({ server: signaling.origin, data: agent.data })
    await agent.report(isServing)
  }

  it('attack 32: a guest redeems, waits, is admitted and watches; the link itself never opens anything', async () => {
    const link = await invite(owner.socket, owner.admin, camera, { r: ['view'], exp: soon() })
    const invitation = await inviteKeyPair(link.secret)
    const guest = await generateKeyPair()
    assert.deepEqual(await redeem(owner.socket, link, guest), camera.key)
    for (const key of [guest, invitation]) assert.equal(await tries(key), 'no answer: no_reply')
    await restart()
    const [entry] = await waiting()
    assert.deepEqual(entry && { inv: entry.inv, k: entry.k }, { inv: link.id, k: guest.publicKey })
    // The same device asks again: its receipt may have been lost. A device the link was forwarded to comes too late.
    await redeem(owner.socket, link, guest)
    const late = await generateKeyPair()
    assert.equal(await code(redeem(owner.socket, link, late)), 'used')
    await change(owner.socket, owner.admin, camera, [
      { op: 'admit', k: guest.publicKey, r: ['view'], exp: soon(), inv: link.id },
    ])
    assert.deepEqual(await waiting(), [])
    const session = await watchLive({ view: guest, socket: owner.socket }, camera)
    await until(() => session.viewer.rtp.length > 0, { timeout: 30_000, what: 'the picture' })
    await session.close()
    assert.equal(await tries(late), 'no answer: no_reply')
    assert.equal(await code(redeem(owner.socket, link, late)), 'unknown_viewer', 'the invitation is gone')
  })

  it('attack 32: an invitation that has ended, or was taken back, is refused', async () => {
    const past = await invite(owner.socket, owner.admin, camera, { r: ['view'], exp: soon() - 7200 })
    assert.equal(await code(redeem(owner.socket, past, await generateKeyPair())), 'expired')
    const back = await invite(owner.socket, owner.admin, camera, { r: ['view'], exp: soon() })
    await redeem(owner.socket, back, await generateKeyPair())
    await change(owner.socket, owner.admin, camera, [{ op: 'remove', k: back.id }])
    assert.deepEqual(await waiting(), [])
    assert.equal(await code(redeem(owner.socket, back, await generateKeyPair())), 'unknown_viewer')
  })

  it('two admins fork the policy of a camera that is away: the loser applies its change on top, none is lost', async () => {
    const [second, secondView, a, b] = await Promise.all(Array.from({ length: 4 }, () => generateKeyPair()))
    if (!second || !secondView || !a || !b) throw new Error('four keys')
    await change(owner.socket, owner.admin, camera, [
      { op: 'add-admin', admin: second.publicKey, view: secondView.publicKey },
      { op: 'admit', k: a.publicKey, r: ['view'] },
      { op: 'admit', k: b.publicKey, r: ['view'] },
    ])
    const removeA = await sealChange(owner.socket, owner.admin, camera, [{ op: 'remove', k: a.id }])
    const removeB = await sealChange(owner.socket, second, camera, [{ op: 'remove', k: b.id }])
    await deliver(owner.socket, camera, removeA)
    assert.equal(await code(deliver(owner.socket, camera, removeB)), 'bad_epoch')
    await change(owner.socket, second, camera, [{ op: 'remove', k: b.id }])
    for (const removed of [a, b]) assert.equal(await tries(removed), 'no answer: no_reply')
    assert.equal(await tries(secondView), 'answered')
  })

  it('attack 33: root takes over from a stolen admin; a wrong root does not', async () => {
    const [admin, view] = await Promise.all([generateKeyPair(), generateKeyPair()])
    const device = { admin: admin.publicKey, view: view.publicKey }
    const inForce = await readStatus(owner.socket, owner.root, camera)
    const stranger = await generateKeyPair()
    const wrong = await sealRootPolicy(stranger, inForce, device, [])
    assert.equal(await code(deliver(owner.socket, camera, wrong)), 'unknown_viewer')
    const stolen = await sealChange(owner.socket, owner.admin, camera, [{ op: 'privacy', on: true }])
    const taken = await sealRootPolicy(owner.root, inForce, device, [{ op: 'remove', k: owner.view.id }])
    await deliver(owner.socket, camera, taken)
    assert.equal(await code(deliver(owner.socket, camera, stolen)), 'unknown_viewer')
    assert.equal(await code(readStatus(owner.socket, owner.admin, camera)), 'unknown_viewer')
    assert.equal(await tries(owner.view), 'no answer: no_reply')
    assert.equal(await tries(view), 'answered')
    await change(owner.socket, admin, camera, [{ op: 'privacy', on: true }])
  })

  it('attack 31: a camera that was let go has a new key, knows nobody, and is paired again', async () => {
    const session = await watchLive({ view: owner.view, socket: owner.socket }, camera)
    const old = await sealChange(owner.socket, owner.admin, camera, [{ op: 'privacy', on: false }])
    await release(owner.socket, owner.admin, camera)
    assert.equal((await session.hears('ended')).code, 'released')
    await session.close()
    const { code: shown } = (await agent.report(
      report => report.event === 'pairing-code' && !report.code.includes(camera.camId),
    )) as { code: string }
    const folder = join(agent.data, 'data', 'cameras', 'door')
    assert.deepEqual(readdirSync(folder), ['key.json'])

    // In the same process, and for another owner: the first one's account asks for it in vain.
    const { invitation } = (await owner.request('POST', '/api/invitations', {})).body as {
      invitation: string
    }
    const heir = await createOwner(signaling.origin, { invitation })
    const theirs = await pairCamera(heir, shown)
    assert.notEqual(theirs.camId, camera.camId)
    await beaconOf(heir.socket, theirs.camId)
    assert.equal(await code(deliver(heir.socket, theirs, old)), 'unknown_viewer')
    const mine = await watchLive({ view: heir.view, socket: heir.socket }, theirs)
    await until(() => mine.viewer.rtp.length > 0, { timeout: 30_000, what: 'the picture of the new owner' })
    await mine.close()
    const viewer = await createViewer()
    await assert.rejects(
      offerOnce({ view: owner.view, socket: heir.socket }, theirs, { sdp: viewer.offer }),
      /no_reply/,
    )
    await viewer.close()
    heir.close()
  })

  it('attack 31: after --reset on the device the old owner is locked out', async () => {
    await agent.kill()
    const reset = startAgent({ server: signaling.origin, data: agent.data, args: ['--reset'] })
    assert.equal((await reset.exited).code, 0)
    agent = startAgent({ server: signaling.origin, data: agent.data })
    const shown = await agent.code()
    assert.ok(!shown.includes(camera.camId))
    assert.deepEqual(readdirSync(join(agent.data, 'data', 'cameras', 'door')), ['key.json'])
    await pairCamera(owner, shown)
  })
})
