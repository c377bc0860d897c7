import type { RTCPeerConnection, RTCRtpSender } from 'werift'
import type { SoundCodec, SoundFrame } from '../../media/sound.ts'
import { werift } from '../werift.ts'
import { createSoundOut, type SoundOut } from './sound-out.ts'
import type { VideoOut } from './video-out.ts'

/** The way for sound in one session. */
export type SoundSide = {
  /** what the viewer can play of what the agent can send */
  readonly codecs: ReadonlySet<SoundCodec>
  /** Asked for every packet as it leaves; none leaves before the first call. */
  allow(test: () => boolean): void
  send(frame: SoundFrame): void
  /** The part of the packets that was lost lately, 0 to 1, by the viewer's reports. */
  onLoss(handler: (part: number) => void): void
  sent(): number
}

const sound = (mimeType: string, clockRate: number, channels: number) =>
  new werift.RTCRtpCodecParameters({
    mimeType,
    clockRate,
    channels,
    rtcpFeedback: [{ type: 'transport-cc' }],
  })

/** What an answer with sound names, and nothing else. */
export const SOUND_CODECS_OFFERED = () => [
  sound('audio/opus', 48_000, 2),
  sound('audio/PCMU', 8000, 1),
  sound('audio/PCMA', 8000, 1),
]

/**
 * Readies the section for sound, if it is to be answered, named as one stream with the pictures, or browsers would not
 * play them in step (RFC 8830 §2). What it returns is asked once the answer is made.
 */
export async function prepareSound(
  pc: RTCPeerConnection,
  pictures: RTCRtpSender | undefined,
): Promise<() => SoundOut | undefined> {
  const transceiver = pc.getTransceivers().find(each => each.kind === 'audio')
  if (!transceiver || !pictures || transceiver.codecs.length === 0) return () => undefined
  const { sender } = transceiver
  await sender.replaceTrack(new werift.MediaStreamTrack({ kind: 'audio' }))
  transceiver.setDirection('sendonly')
  sender.streamIds = pictures.streamIds
  return () =>
    transceiver.currentDirection === 'sendonly' ? createSoundOut(sender, transceiver.codecs) : undefined
}

export function createSoundSide(
  out: SoundOut,
  via: Pick<VideoOut, 'sound'>,
  isOpen: () => boolean,
): SoundSide {
  let allowed = (): boolean => false
  return {
    codecs: out.codecs,
    allow: test => {
      allowed = test
    },
    send: frame => {
      if (isOpen() && allowed()) via.sound(frame)
    },
    onLoss: out.onLoss,
    sent: out.sent,
  }
}
