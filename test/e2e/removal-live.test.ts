import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { type LiveSession, offerOnce, watchLive } from '../support/live-session.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import { change, deliver, Refused, readStatus, sealChange } from '../support/owner-powers.ts'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { until } from '../support/wait.ts'
import { createViewer } from '../support/werift-viewer.ts'

const YEAR_S = 365 * 86_400
const now = (): number => Math.floor(Date.now() / 1000)

/** A viewer that loses its right, in the middle of watching or between two starts; RTP is counted where it arrives. */
describe('removal, live', function () {
  this.timeout(180_000)
  let signaling: TestSignaling
  let owner: Owner
  let agent: TestAgent
  let camera: PairedCamera
  let guest: KeyPair
  let clock = ''
  const open: LiveSession[] = []

  const start = (data?: string): TestAgent =>
    startAgent({
      server: signaling.origin,
      ...(data ? { data } : {}),
      nodeArgs: ['--import', join(import.meta.dirname, '../support/shift-clock.ts')],
      env: { CLOCK_FILE: join(clock, 'shift') },
    })
  const setClock = (years: number): void => writeFileSync(join(clock, 'shift'), String(years * YEAR_S))

  beforeEach(async () => {
    clock = tempFolder('clock')
    setClock(0)
    signaling = await startTestSignaling()
    owner = await createOwner(signaling.origin, { token: signaling.setupToken })
    agent = start()
    camera = await pairCamera(owner, await agent.code())
    await agent.report(isServing)
    guest = await generateKeyPair()
  })
  afterEach(async () => {
    for (const session of open.splice(0)) await session.close()
    owner.close()
    await agent.dispose()
    await signaling.close()
    removeTemp(clock)
  })

  const admit = (exp?: number) =>
    change(owner.socket, owner.admin, camera, [
      { op: 'admit', k: guest.publicKey, r: ['view', 'audio', 'talk'], ...(exp ? { exp } : {}) },
    ])
  async function watch(view: KeyPair): Promise<LiveSession> {
    const session = await watchLive({ view, socket: owner.socket }, camera)
    open.push(session)
    await flows(session)
    return session
  }
  async function flows(session: LiveSession): Promise<void> {
    const before = session.viewer.rtp.length
    await until(() => session.viewer.rtp.length > before + 10, { timeout: 30_000, what: 'RTP at the viewer' })
  }
  /** One second for what is under way, and then not one packet. */
  async function isSilent(session: LiveSession): Promise<void> {
    await sleep(1000)
    const before = session.viewer.rtp.length
    await sleep(2000)
    assert.equal(session.viewer.rtp.length, before, 'RTP after the end')
  }
  async function refusal(view: KeyPair): Promise<string> {
    const viewer = await createViewer()
    try {
      await offerOnce({ view, socket: owner.socket }, camera, { sdp: viewer.offer })
      return 'answered'
    } catch (error) {
      return error instanceof Refused ? error.code : (error as Error).message
    } finally {
      await viewer.close()
    }
  }
  async function restart(): Promise<void> {
    await agent.kill()
    agent = start(agent.data)
    await agent.report(isServing)
  }

  it('attack 8: a removed viewer gets no RTP one second after the confirmation; the others go on', async () => {
    await admit()
    const [mine, theirs] = [await watch(owner.view), await watch(guest)]
    await change(owner.socket, owner.admin, camera, [{ op: 'remove', k: guest.id }])
    await isSilent(theirs)
    assert.equal(theirs.heard('ended')[0]?.code, 'removed')
    await flows(mine)
    assert.equal(await refusal(guest), 'no answer: no_reply')
  })

  it('attack 8: a removal that the server withholds arrives with the next session of an admin', async () => {
    await admit()
    const theirs = await watch(guest)
    const removal = await sealChange(owner.socket, owner.admin, camera, [{ op: 'remove', k: guest.id }])
    // Nothing of it goes over the server.
    await flows(theirs)
    const mine = await watch(owner.view)
    await mine.deliver(removal)
    await isSilent(theirs)
    assert.equal(theirs.heard('ended')[0]?.code, 'removed')
    await flows(mine)
  })

  it('a policy that removes its own bearer is confirmed before the session ends', async () => {
    await admit()
    const theirs = await watch(guest)
    const removal = await sealChange(owner.socket, owner.admin, camera, [{ op: 'remove', k: guest.id }])
    await theirs.deliver(removal)
    assert.equal((await theirs.hears('ended')).code, 'removed')
    await isSilent(theirs)
  })

  it('a session cannot bring a policy of somebody who is no admin, nor an old one', async () => {
    await admit()
    const theirs = await watch(guest)
    const forged = await sealChange(owner.socket, owner.admin, camera, [{ op: 'privacy', on: true }])
    const code = (work: Promise<unknown>) =>
      work.then(
        () => 'taken',
        error => (error as Refused).code,
      )
    const [head, body] = forged.jws.split('.')
    assert.equal(
      await code(theirs.deliver({ ...forged, jws: `${head}.${body}.${'A'.repeat(86)}` })),
      'bad_sig',
    )
    await change(owner.socket, owner.admin, camera, [
      { op: 'rights', k: guest.id, r: ['view', 'audio', 'talk', 'ptz'] },
    ])
    assert.equal(await code(theirs.deliver(forged)), 'bad_epoch')
    await flows(theirs)
  })

  it('attack 9: rights that are taken go at once, and the viewer is told; the picture stays', async () => {
    await admit()
    const theirs = await watchLive({ view: guest, socket: owner.socket }, camera, {
      want: ['view', 'audio', 'talk'],
    })
    open.push(theirs)
    assert.deepEqual(theirs.granted, ['view', 'audio', 'talk'])
    await change(owner.socket, owner.admin, camera, [{ op: 'rights', k: guest.id, r: ['view', 'ptz'] }])
    assert.deepEqual((await theirs.hears('rights')).r, ['view'])
    await flows(theirs)
    await change(owner.socket, owner.admin, camera, [{ op: 'rights', k: guest.id, r: ['talk'] }])
    assert.equal((await theirs.hears('ended')).code, 'removed')
    await isSilent(theirs)
  })

  it('attack 11: an entry that expires while live ends the session, and no clock brings it back', async () => {
    await admit(now() + 20)
    const [mine, theirs] = [await watch(owner.view), await watch(guest)]
    assert.equal((await theirs.hears('ended')).code, 'expired')
    await isSilent(theirs)
    assert.equal(await refusal(guest), 'expired')
    for (const years of [-10, 10]) {
      setClock(years)
      await sleep(300)
      assert.equal(await refusal(guest), 'clock')
    }
    setClock(0)
    await flows(mine)
  })

  for (const years of [-10, 10])
    it(`attack 11: with a clock ${years} years off a guest with an end is refused; one without works`, async () => {
      await admit(now() + YEAR_S)
      await (await watch(guest)).close()
      setClock(years)
      await restart()
      assert.equal(await refusal(guest), 'clock')
      await flows(await watch(owner.view))
      setClock(0)
      await sleep(300)
      await flows(await watch(guest))
    })

  for (const years of [-10, 10])
    it(`attack 11: a clock that jumps ${years} years while live ends the guest, and nobody else`, async () => {
      await admit(now() + YEAR_S)
      const [mine, theirs] = [await watch(owner.view), await watch(guest)]
      setClock(years)
      assert.equal((await theirs.hears('ended')).code, 'expired')
      await isSilent(theirs)
      await flows(mine)
    })

  it('privacy ends every session at once, opens none, also after a start, and ends with the owner’s word', async () => {
    await admit()
    const [mine, theirs] = [await watch(owner.view), await watch(guest)]
    await change(owner.socket, owner.admin, camera, [{ op: 'privacy', on: true }])
    for (const session of [mine, theirs]) {
      assert.equal((await session.hears('ended')).code, 'private')
      await isSilent(session)
    }
    assert.equal(await refusal(owner.view), 'private')
    await agent.report(report => report.event === 'privacy' && report.on)
    await restart()
    await agent.report(report => report.event === 'privacy' && report.on)
    assert.equal(await refusal(owner.view), 'private')
    await change(owner.socket, owner.admin, camera, [{ op: 'privacy', on: false }])
    await agent.report(report => report.event === 'privacy' && !report.on)
    await flows(await watch(owner.view))
  })

  it('a document that was delivered twice is confirmed twice, and an admin reads it back', async () => {
    const removal = await sealChange(owner.socket, owner.admin, camera, [{ op: 'privacy', on: true }])
    await deliver(owner.socket, camera, removal)
    await deliver(owner.socket, camera, removal)
    const status = await readStatus(owner.socket, owner.admin, camera)
    assert.equal(status.hash, removal.hash)
    await assert.rejects(readStatus(owner.socket, owner.view, camera), { code: 'unknown_viewer' })
  })
})
