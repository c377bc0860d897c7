import assert from 'node:assert/strict'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer, type CameraPeer } from '@ownsight/camera-agent/rtc/peer'
import { lintSdp } from '@ownsight/protocol/sdp-lint'
import { recordedOffers } from '../../support/recorded-sdp.ts'
import { until } from '../../support/wait.ts'
import { createViewer, type WeriftViewer } from '../../support/werift-viewer.ts'

const STEP = 1800
const picture = (timestamp: number) => ({ payloads: [Buffer.alloc(600, 1)], timestamp, key: true })
const tone = (at: number) => ({ codec: 'opus' as const, at, payload: Buffer.alloc(70, 2) })
const sectionOf = (sdp: string): string => /m=audio[\s\S]*?(?=m=|$)/.exec(sdp)?.[0] ?? ''

describe('the sound of a session', function () {
  this.timeout(40_000)
  let viewer: WeriftViewer | undefined
  let peer: CameraPeer | undefined
  before(() => installGuard())
  afterEach(async () => {
    await peer?.close()
    await viewer?.close()
    peer = undefined
    viewer = undefined
  })
  const open = async (sound: boolean) => {
    viewer = await createViewer({ listen: true })
    peer = await acceptOffer(viewer.offer, { sound, signal: new AbortController().signal })
    await viewer.accept(peer.answer)
    await peer.open
    return { viewer, peer }
  }

  it('M-7.32 an answer without the right rejects the section, and pictures go on without it', async () => {
    const { viewer, peer } = await open(false)
    assert.match(sectionOf(peer.answer), /^m=audio 0 /)
    assert.match(sectionOf(peer.answer), /a=inactive/)
    const lint = lintSdp(peer.answer, { kind: 'answer' })
    assert.ok(lint.ok, JSON.stringify(lint))
    assert.equal(peer.sound, undefined)
    for (let i = 0; i < 5; i++) peer.sendVideo(picture(i * 3000))
    await until(() => viewer.rtp.length >= 5, { timeout: 10_000, what: 'the pictures' })
    assert.equal(new Set(viewer.rtp.map(({ ssrc }) => ssrc)).size, 1)
  })

  it('M-8.12 no packet leaves before it is allowed, nor after', async () => {
    const { viewer, peer } = await open(true)
    assert.ok(peer.sound)
    let may = true
    peer.sendVideo(picture(0))
    peer.sound.send(tone(STEP))
    assert.equal(peer.sound.sent(), 0)
    peer.sound.allow(() => may)
    for (let i = 2; i < 12; i++) peer.sound.send(tone(i * STEP))
    await until(() => viewer.rtp.length >= 11, { timeout: 10_000, what: 'sound and picture' })
    assert.equal(peer.sound.sent(), 10)
    may = false
    peer.sound.send(tone(20 * STEP))
    peer.sendVideo(picture(3000))
    await until(() => viewer.rtp.length >= 12, { timeout: 10_000, what: 'the next picture' })
    assert.equal(peer.sound.sent(), 10)
    assert.equal(new Set(viewer.rtp.map(({ ssrc }) => ssrc)).size, 2)
  })

  for (const { name, sdp } of recordedOffers)
    it(`${name} is answered with sound: sendonly, known codecs only, one stream with the picture`, async () => {
      const offer = lintSdp(sdp, { kind: 'offer', talk: true })
      assert.ok(offer.ok)
      peer = await acceptOffer(offer.sdp, { sound: true, signal: new AbortController().signal })
      const lint = lintSdp(peer.answer, { kind: 'answer' })
      assert.ok(lint.ok, JSON.stringify(lint))
      const sound = lint.media.find(({ kind }) => kind === 'audio')
      if (!sdp.includes('m=audio')) return assert.equal(sound, undefined)
      assert.deepEqual(
        [sound?.direction, sound?.rejected, sound?.codecs],
        ['sendonly', false, ['OPUS', 'PCMU', 'PCMA']],
      )
      assert.deepEqual([...(peer.sound?.codecs ?? [])].sort(), ['opus', 'pcma', 'pcmu'])
      const streams = [...peer.answer.matchAll(/a=msid:(\S+)/g)].map(([, id]) => id)
      assert.equal(streams.length, 2)
      assert.equal(new Set(streams).size, 1)
      const names = [...peer.answer.matchAll(/cname:(\S+)/g)].map(([, id]) => id)
      assert.equal(new Set(names).size, 1)
      await peer.close()
    })

  for (const { name, sdp } of recordedOffers)
    it(`${name} is answered without sound where the session has none: pictures and their repetitions are one track`, async () => {
      const offer = lintSdp(sdp, { kind: 'offer', talk: true })
      assert.ok(offer.ok)
      peer = await acceptOffer(offer.sdp, { signal: new AbortController().signal })
      const lint = lintSdp(peer.answer, { kind: 'answer' })
      assert.ok(lint.ok, JSON.stringify(lint))
      assert.ok(lint.media.every(({ kind, rejected }) => kind !== 'audio' || rejected))
      const video = lint.media.filter(({ kind }) => kind === 'video').length
      assert.equal([...peer.answer.matchAll(/a=msid:camera \S+/g)].length, video)
      assert.equal(peer.sound, undefined)
    })
})
