import assert from 'node:assert/strict'
import { offerCameraPairing } from '@ownsight/protocol/pairing-camera'
import { type Ceremony, newCeremony, sealAck } from './ceremony.ts'
import { faults, newHome } from './fixtures.ts'

describe('protocol: pairing, how far the camera has come', () => {
  let c: Ceremony
  beforeEach(async () => {
    c = await newCeremony()
  })

  it('nobody need listen to how far it has come', async () => {
    const camera = await offerCameraPairing({
      secret: c.secret,
      cam: c.home.cam,
      fw: '0.1.0',
      now: () => 0,
      commit: (policy, _jws) => sealAck(c.home.cam, 1, policy.hash),
    } as Parameters<typeof offerCameraPairing>[0])
    await camera.receive(c.owner.first)
    assert.equal(camera.state(), 'got1')
  })

  it('a code is burned once', async () => {
    const { admin } = await newHome()
    const foreign = await c.beginOwner({ admin })
    await c.camera.receive(c.owner.first)
    await faults('interrupted', () => c.camera.receive(foreign.first))
    assert.deepEqual(
      c.states.map(([state]) => state),
      ['got1', 'burned'],
    )
  })
})
