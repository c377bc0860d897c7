import assert from 'node:assert/strict'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer } from '@ownsight/camera-agent/rtc/peer'
import { REHEARSAL, rehearse } from '@ownsight/camera-agent/rtc/rehearse'
import { lintSdp } from '@ownsight/protocol/sdp-lint'

describe('rehearsal', () => {
  before(installGuard)

  it('its offer is one a viewer could make, and names no address', async () => {
    assert.deepEqual(lintSdp(REHEARSAL, { kind: 'offer', talk: false }).ok, true)
    assert.ok(!REHEARSAL.includes('a=candidate'))
    const peer = await acceptOffer(REHEARSAL, { sound: true, signal: new AbortController().signal })
    assert.ok(peer.video)
    assert.ok(peer.sound)
    await peer.close()
  })

  it('ends with the agent, and never fails', async () => {
    const ended = new AbortController()
    const rehearsing = rehearse(ended.signal)
    ended.abort()
    await rehearsing
  })
})
