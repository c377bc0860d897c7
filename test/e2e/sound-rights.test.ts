import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { type LiveSession, watchLive } from '../support/live-session.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import { change } from '../support/owner-powers.ts'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import { until } from '../support/wait.ts'

const SOURCE = { kind: 'test-pattern', width: 320, height: 180, fps: 10, tone: true }

/** Who hears a camera, through the real agent and server; packets are counted where they arrive. */
describe('the right to hear', function () {
  this.timeout(120_000)
  let signaling: TestSignaling
  let owner: Owner
  let agent: TestAgent | undefined
  let camera: PairedCamera
  let guest: KeyPair
  const open: LiveSession[] = []

  const begin = async (audio?: boolean): Promise<void> => {
    agent = startAgent({
      server: signaling.origin,
      cameras: [{ name: 'Door', source: SOURCE, ...(audio === undefined ? {} : { audio }) }],
    })
    camera = await pairCamera(owner, await agent.code())
    await agent.report(isServing)
  }
  beforeEach(async () => {
    signaling = await startTestSignaling()
    owner = await createOwner(signaling.origin, { token: signaling.setupToken })
    guest = await generateKeyPair()
  })
  afterEach(async () => {
    for (const session of open.splice(0)) await session.close()
    owner.close()
    await agent?.dispose()
    await signaling.close()
  })

  const listen = async (view: KeyPair): Promise<LiveSession> => {
    const session = await watchLive({ view, socket: owner.socket }, camera, {
      want: ['view', 'audio'],
      listen: true,
    })
    open.push(session)
    await flows(session, 'video')
    session.say({ t: 'listen', on: true })
    return session
  }
  const count = ({ viewer }: LiveSession, kind: string): number =>
    viewer.rtp.filter(packet => packet.kind === kind).length
  const flows = async (session: LiveSession, kind: string): Promise<void> => {
    const before = count(session, kind)
    await until(() => count(session, kind) > before + 10, { timeout: 30_000, what: `${kind} at the viewer` })
  }

  it('gets sound with it, none without, and none any more when it is taken, while the picture goes on', async () => {
    await begin()
    await change(owner.socket, owner.admin, camera, [{ op: 'admit', k: guest.publicKey, r: ['view'] }])
    const mine = await listen(owner.view)
    await flows(mine, 'audio')
    assert.equal(mine.heard('source').at(-1)?.sound, true)
    const deaf = await listen(guest)
    assert.deepEqual(deaf.granted, ['view'])
    await flows(deaf, 'video')
    await flows(mine, 'audio')
    assert.equal(count(deaf, 'audio'), 0)
    assert.equal(deaf.heard('source').at(-1)?.sound, undefined)

    await change(owner.socket, owner.admin, camera, [{ op: 'rights', k: guest.id, r: ['view', 'audio'] }])
    await flows(deaf, 'video')
    assert.equal(count(deaf, 'audio'), 0, 'what is given comes with the next session')
    const hears = await listen(guest)
    await flows(hears, 'audio')
    await change(owner.socket, owner.admin, camera, [{ op: 'rights', k: guest.id, r: ['view'] }])
    // What was under way when the camera said so.
    await sleep(500)
    const before = count(hears, 'audio')
    await flows(hears, 'video')
    await sleep(1000)
    assert.equal(count(hears, 'audio'), before, 'sound after the right has gone')
    assert.deepEqual(hears.heard('rights').at(-1)?.r, ['view'])
    await flows(mine, 'audio')
  })

  it('is of no use where the camera leaves its sound out', async () => {
    await begin(false)
    const mine = await listen(owner.view)
    assert.deepEqual(mine.granted, ['view', 'audio'])
    await flows(mine, 'video')
    await sleep(1000)
    assert.equal(count(mine, 'audio'), 0)
    assert.equal(mine.heard('source').at(-1)?.sound, undefined)
  })
})
