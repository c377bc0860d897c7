import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer, type CameraPeer, type PeerError } from '@ownsight/camera-agent/rtc/peer'
import { until } from '../../support/wait.ts'
import { createViewer, type WeriftViewer } from '../../support/werift-viewer.ts'

const sockets = (): number =>
  readdirSync('/proc/self/fd').filter(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      return false
    }
  }).length

const otherFingerprint = (sdp: string): string =>
  sdp.replaceAll(/a=fingerprint:sha-256 .*/g, `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`)

describe('a camera peer and a viewer', function () {
  this.timeout(40_000)
  let viewer: WeriftViewer
  let peer: CameraPeer | undefined
  before(() => installGuard())
  beforeEach(async () => {
    viewer = await createViewer()
  })
  afterEach(async () => {
    await peer?.close()
    peer = undefined
    await viewer.close()
  })
  const answer = async (offer: string, signal = new AbortController().signal): Promise<CameraPeer> => {
    peer = await acceptOffer(offer, { signal })
    return peer
  }

  it('opens, talks both ways, sends video and hears a request for a key frame', async () => {
    const camera = await answer(viewer.offer)
    const heard: string[] = []
    let asked = 0
    camera.onMessage(text => heard.push(text))
    camera.onKeyframeRequest(() => asked++)
    assert.match(camera.answer, /a=setup:passive/)
    assert.ok(camera.answer.includes(camera.fingerprint))
    await viewer.accept(camera.answer)
    await camera.open
    assert.equal(camera.video, 'h264')
    assert.match(String(camera.path()), /host|prflx/)
    viewer.send('from the viewer')
    camera.send('from the camera')
    await until(() => heard.includes('from the viewer') && viewer.messages.includes('from the camera'), {
      timeout: 5000,
      what: 'both messages',
    })
    for (let i = 0; i < 20; i++)
      camera.sendVideo({ payloads: [Buffer.alloc(900, 1), Buffer.alloc(20, 2)], timestamp: 1000 + i * 3000 })
    await until(() => viewer.rtp.length >= 40, { timeout: 5000, what: 'forty packets' })
    assert.equal(camera.rtpSent(), 40)
    viewer.requestKeyframe()
    await until(() => asked > 0, { timeout: 5000, what: 'the request for a key frame' })
  })

  it('hears what a viewer says before the word that its channel is open, which was lost, has come again', async () => {
    const hasty = await createViewer({ loseCookieAck: true })
    try {
      const camera = await answer(hasty.offer)
      // Nothing is sent before the camera's side is open: an answer means that it was.
      camera.onMessage(text => camera.send(`heard ${text}`))
      await hasty.accept(camera.answer)
      hasty.send('confirm')
      await until(() => hasty.messages.length > 0, { timeout: 5000, what: 'an answer' })
      hasty.send('more')
      await until(() => hasty.messages.length > 1, { timeout: 5000, what: 'another' })
      assert.deepEqual(hasty.messages, ['heard confirm', 'heard more'])
    } finally {
      await hasty.close()
    }
  })

  it('attack 15: a peer whose certificate is not the signed one ends as possession_failed, with zero RTP', async () => {
    const camera = await answer(otherFingerprint(viewer.offer))
    const refused = assert.rejects(camera.open, (error: Error) => error.name === 'GuardError')
    viewer.take(camera.answer)
    assert.equal(await camera.closed, 'possession_failed')
    await refused
    camera.sendVideo({ payloads: [Buffer.alloc(100)], timestamp: 1 })
    assert.deepEqual([camera.rtpSent(), viewer.rtp.length, viewer.isOpen()], [0, 0, false])
  })

  it('DCEP channel from the peer: peer creates a non-negotiated channel: session closed', async () => {
    const camera = await answer(viewer.offer)
    await viewer.accept(camera.answer)
    await camera.open
    viewer.openChannel('evil')
    assert.equal(await camera.closed, 'foreign_channel')
  })

  it('nothing is sent before open, nothing after close', async () => {
    const camera = await answer(viewer.offer)
    camera.sendVideo({ payloads: [Buffer.alloc(100)], timestamp: 1 })
    camera.send('early')
    assert.equal(camera.rtpSent(), 0)
    await viewer.accept(camera.answer)
    await camera.open
    await camera.close()
    camera.sendVideo({ payloads: [Buffer.alloc(100)], timestamp: 1 })
    assert.equal(camera.rtpSent(), 0)
    assert.equal(await camera.closed, 'local')
    assert.deepEqual(viewer.messages, [])
  })

  it('a viewer that is gone without a word is reaped within ten seconds', async () => {
    const camera = await answer(viewer.offer)
    await viewer.accept(camera.answer)
    await camera.open
    viewer.kill()
    const since = performance.now()
    const beat = setInterval(() => camera.send('beat'), 1000)
    assert.equal(await camera.closed, 'peer_silent')
    clearInterval(beat)
    assert.ok(performance.now() - since <= 10_000)
  })

  it('an aborted session closes, and one aborted already never opens', async () => {
    const ended = new AbortController()
    const camera = await answer(viewer.offer, ended.signal)
    ended.abort()
    assert.equal(await camera.closed, 'aborted')
    await assert.rejects(camera.open, (error: PeerError) => error.code === 'aborted')
    const late = await acceptOffer(viewer.offer, { signal: AbortSignal.abort() })
    assert.equal(await late.closed, 'aborted')
  })

  it('each session has a certificate of its own', async () => {
    const fingerprints = new Set<string>()
    for (let i = 0; i < 3; i++) {
      const camera = await answer(viewer.offer)
      fingerprints.add(camera.fingerprint)
      await camera.close()
    }
    assert.equal(fingerprints.size, 3)
  })

  it('no socket is left after close', async () => {
    const before = sockets()
    for (let i = 0; i < 3; i++) {
      const camera = await answer(viewer.offer)
      assert.ok(sockets() > before)
      await camera.close()
    }
    await until(() => sockets() <= before, { timeout: 5000, what: 'the end of the sockets' })
  })
})
