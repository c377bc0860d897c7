import assert from 'node:assert/strict'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import { until } from '../support/wait.ts'
import { type EvilServer, startEvilServer } from './evil-server.ts'
import { watchHeadless } from './headless-viewer.ts'

describe('the evil server', function () {
  this.timeout(120_000)
  let evil: EvilServer
  const homes: { owner: Owner; agent: TestAgent; camera: PairedCamera }[] = []
  before(async () => {
    evil = await startEvilServer()
    for (const home of [0, 1]) {
      const [first] = homes
      const via = first ? await invitation(first.owner) : { token: evil.setupToken }
      const owner = await createOwner(evil.origin, via, `owner-${home}`)
      const agent = startAgent({ server: evil.origin })
      const camera = await pairCamera(owner, await agent.code())
      await agent.report(isServing)
      homes.push({ owner, agent, camera })
    }
  })
  after(async () => {
    for (const { owner, agent } of homes) {
      owner.close()
      await agent.dispose()
    }
    await evil.close()
  })
  const invitation = async (owner: Owner) => {
    const { body } = await owner.request('POST', '/api/invitations', {})
    return { invitation: (body as { invitation: string }).invitation }
  }

  it('an honest session through it is live', async () => {
    const [home] = homes
    assert.ok(home)
    const watching = watchHeadless(home.owner, home.camera)
    const session = await watching.session
    assert.equal(session.camId, home.camera.camId)
    await until(() => watching.peers[0]?.rtp.length, { timeout: 20_000, what: 'video' })
    await watching.close()
  })
})
