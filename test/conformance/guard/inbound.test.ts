import assert from 'node:assert/strict'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer, type CameraPeer } from '@ownsight/camera-agent/rtc/peer'
import { until } from '../../support/wait.ts'
import { createViewer, type WeriftViewer } from '../../support/werift-viewer.ts'

/** What a viewer sends is dropped by the camera agent itself, whatever the descriptions agreed. */
describe('inbound RTP', function () {
  this.timeout(40_000)
  let viewer: WeriftViewer
  let peer: CameraPeer
  before(() => installGuard())
  beforeEach(async () => {
    viewer = await createViewer({ talk: true })
    peer = await acceptOffer(viewer.offer, { signal: new AbortController().signal })
    await viewer.accept(peer.answer)
    await peer.open
  })
  afterEach(async () => {
    await peer.close()
    await viewer.close()
  })
  const counted = (of: 'taken' | 'dropped', count: number) =>
    until(() => peer.inbound.counts()[of] >= count, { timeout: 15_000, what: `${count} packets ${of}` })

  it('M-8.8 attack 9: without the right to talk every packet is dropped', async () => {
    viewer.sendRtp(10)
    await counted('dropped', 10)
    assert.equal(peer.inbound.counts().taken, 0)
  })

  it('M-8.8 attack 9: packets are dropped from the moment the right is gone', async () => {
    let talk = true
    peer.inbound.allow(() => talk)
    viewer.sendRtp(10)
    await counted('taken', 10)
    talk = false
    viewer.sendRtp(10)
    await counted('dropped', 10)
    assert.equal(peer.inbound.counts().taken, 10)
  })
})
