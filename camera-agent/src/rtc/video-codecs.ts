import { VIDEO_CODECS, type VideoCodec, videoIn } from './offered-video.ts'
import { werift } from './werift.ts'

const FEEDBACK = [
  { type: 'nack' },
  { type: 'nack', parameter: 'pli' },
  { type: 'ccm', parameter: 'fir' },
  { type: 'transport-cc' },
]

const video = (mimeType: string, parameters?: string) =>
  new werift.RTCRtpCodecParameters({
    mimeType,
    clockRate: 90_000,
    ...(parameters ? { parameters } : {}),
    rtcpFeedback: mimeType === 'video/rtx' ? [] : FEEDBACK,
  })

const MIME: { [codec in VideoCodec]: [string, string?] } = {
  h264: ['video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'],
  vp8: ['video/VP8'],
  vp9: ['video/VP9', 'profile-id=0'],
}

/** What the viewer can play, each with its own retransmission: werift pairs an rtx with the codec before it. */
export function videoCodecsFor(offer: string) {
  const playable = videoIn(offer)
  // Where there is none the library says so.
  return (playable.length > 0 ? playable : VIDEO_CODECS).flatMap(codec => [
    video(...MIME[codec]),
    video('video/rtx'),
  ])
}

export const videoCodecOf = (mimeType: string): VideoCodec | undefined =>
  VIDEO_CODECS.find(codec => MIME[codec][0].toLowerCase() === mimeType.toLowerCase())
