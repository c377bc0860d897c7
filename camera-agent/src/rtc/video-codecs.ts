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

/** Each with its own retransmission: werift pairs an rtx with the codec before it. */
export const VIDEO_CODECS_OFFERED = () => [
  video('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'),
  video('video/rtx'),
  video('video/VP8'),
  video('video/rtx'),
]
