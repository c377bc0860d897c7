import assert from 'node:assert/strict'
import { videoIn } from '@ownsight/camera-agent/rtc/offered-video'
import { recordedOffers } from '../../../support/recorded-sdp.ts'

/** A video section with these formats: `name[;parameters]`, from payload type 96 on. */
const offer = (...formats: string[]) =>
  [
    'v=0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=rtpmap:111 opus/48000/2',
    `m=video 9 UDP/TLS/RTP/SAVPF ${formats.map((_, i) => 96 + i).join(' ')}`,
    ...formats.flatMap((format, i) => {
      const [name, ...parameters] = format.split(';')
      const fmtp = parameters.length > 0 ? [`a=fmtp:${96 + i} ${parameters.join(';')}`] : []
      return [`a=rtpmap:${96 + i} ${name}/90000`, ...fmtp]
    }),
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'a=rtpmap:97 VP9/90000',
    '',
  ].join('\r\n')

describe('offered video', () => {
  it('is H.264 before VP8 before VP9, whatever the order of the offer', () => {
    const h264 = 'H264;level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'
    assert.deepEqual(videoIn(offer('VP9', 'VP8', h264)), ['h264', 'vp8', 'vp9'])
    assert.deepEqual(videoIn(offer('VP8', 'VP9;profile-id=0', 'AV1')), ['vp8', 'vp9'])
    assert.deepEqual(videoIn(offer('AV1', 'VP9;profile-id=0')), ['vp9'])
  })

  it('leaves out what the viewer would take in another form only', () => {
    assert.deepEqual(videoIn(offer('H264;packetization-mode=0;profile-level-id=42e01f', 'VP8')), ['vp8'])
    assert.deepEqual(videoIn(offer('H264', 'VP8')), ['vp8'], 'mode 0 is what is meant by none')
    assert.deepEqual(videoIn(offer('H264;packetization-mode=1;profile-level-id=f4001f', 'VP8')), ['vp8'])
    assert.deepEqual(videoIn(offer('VP9;profile-id=2')), [])
    assert.deepEqual(videoIn(offer('AV1', 'rtx;apt=96')), [])
    assert.deepEqual(videoIn('v=0\r\n'), [])
  })

  it('finds in each recorded offer of a browser something to play', () => {
    for (const { name, sdp } of recordedOffers.filter(each => each.sdp.includes('m=video')))
      assert.ok(videoIn(sdp).length > 0, name)
  })
})
