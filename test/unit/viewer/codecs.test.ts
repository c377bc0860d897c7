import assert from 'node:assert/strict'
import { preferKnownCodecs } from '../../../viewer/src/rtc/codecs.ts'

type Kind = 'audio' | 'video'

describe('codecs of an offer', () => {
  const real = Object.getOwnPropertyDescriptor(globalThis, 'RTCRtpReceiver')
  afterEach(() => {
    if (real) Object.defineProperty(globalThis, 'RTCRtpReceiver', real)
    else Reflect.deleteProperty(globalThis, 'RTCRtpReceiver')
  })

  /** What a browser with these codecs is asked to offer, by kind. */
  function preferred(codecs: { [kind in Kind]: string[] }): { [kind: string]: string[] } {
    const found: { [kind: string]: string[] } = {}
    const receiver = {
      getCapabilities: (kind: Kind) => ({ codecs: codecs[kind].map(mimeType => ({ mimeType })) }),
    }
    Object.defineProperty(globalThis, 'RTCRtpReceiver', { value: receiver, configurable: true })
    const transceivers = (['video', 'audio'] as const).map(kind => ({
      receiver: { track: { kind } },
      setCodecPreferences: (chosen: { mimeType: string }[]) => {
        found[kind] = chosen.map(({ mimeType }) => mimeType)
      },
    }))
    preferKnownCodecs({ getTransceivers: () => transceivers } as unknown as RTCPeerConnection)
    return found
  }

  it('those a camera sends, in the order of the browser', () => {
    const audio = ['audio/opus', 'audio/red', 'audio/G722', 'audio/PCMU', 'audio/telephone-event']
    const video = [
      'video/VP8',
      'video/rtx',
      'video/AV1',
      'video/H264',
      'video/H265',
      'video/VP9',
      'video/red',
    ]
    assert.deepEqual(preferred({ audio, video }), {
      audio: ['audio/opus', 'audio/PCMU'],
      video: ['video/VP8', 'video/rtx', 'video/H264', 'video/VP9'],
    })
  })

  it('a browser that names no way to repair, or nothing a camera sends, is left as it is', () => {
    assert.deepEqual(preferred({ audio: ['audio/x'], video: ['video/H264', 'video/VP8'] }), {})
    assert.deepEqual(preferred({ audio: [], video: ['video/rtx', 'video/AV1'] }), {})
  })
})
