import type { RTCRtpSender } from 'werift'
import { SOUND_CLOCK, SOUND_CODECS, type SoundCodec, type SoundFrame } from '../../media/sound.ts'
import { GuardError } from '../guard-error.ts'
import type { SoundPacket, WirePacket } from './media-sender.ts'
import type { RtcpEvents } from './rtcp.ts'
import type { RtpFields } from './rtp-fields.ts'
import { TRANSPORT_CC } from './transport-cc.ts'

type Negotiated = { ssrc: number; headerExtensions: { id: number; uri: string }[] }
type NegotiatedCodec = { mimeType: string; payloadType?: number | undefined }

const PICTURE_CLOCK = 90_000
const WRAP = 2 ** 32
/** Weight of the newest receiver report. */
const LOSS_WEIGHT = 0.3

/** The stream of sound of one session: its numbers and times, and what its receiver says of it. */
export type SoundOut = ReturnType<typeof createSoundOut>

export function createSoundOut(sender: RTCRtpSender, negotiatedCodecs: readonly NegotiatedCodec[]) {
  const { ssrc, headerExtensions } = sender as unknown as Negotiated
  const extension = headerExtensions.find(({ uri }) => uri === TRANSPORT_CC)?.id
  const types = payloadTypes(negotiatedCodecs)
  const handlers: ((part: number) => void)[] = []
  const written = { packets: 0, bytes: 0 }
  let newest: { at: number; timestamp: number; codec: SoundCodec } | undefined
  let loss = 0
  let reportedPackets = 0

  Object.defineProperty(sender, 'sendRtp', {
    value: () => {
      throw new GuardError('shape', 'sound leaves by one way only')
    },
  })

  return {
    ssrc,
    codecs: new Set(types.keys()) as ReadonlySet<SoundCodec>,
    /** Under which its packets name their transport-wide numbers; a bundled session has one for all streams (RFC 8843 §9.2). */
    extension,
    /** The frame as a packet, its time at its own clock; undefined when it comes too late or cannot be played. */
    packet({ codec, payload, at }: SoundFrame): SoundPacket | undefined {
      const payloadType = types.get(codec)
      if (payloadType === undefined || (newest && at <= newest.at)) return undefined
      const timestamp = soundTimestamp(codec, at)
      const marker = newest?.codec !== codec
      newest = { at, timestamp, codec }
      return { payload, timestamp, marker, payloadType }
    },
    fields({ sequence, timestamp, marker, payload, wide, payloadType = 0 }: WirePacket): RtpFields {
      written.packets++
      written.bytes += payload.length
      return {
        ssrc,
        payloadType,
        sequence,
        timestamp,
        marker,
        padding: false,
        wide,
        payload,
      }
    },
    /** The time of sound that belongs to `pictureTime` (90 kHz, 32 bits), and what was written; undefined when nothing was since the last call. */
    reported(pictureTime: number): { timestamp: number; packets: number; bytes: number } | undefined {
      if (!newest || written.packets === reportedPackets) return undefined
      reportedPackets = written.packets
      const ahead = (pictureTime - (newest.at % WRAP)) | 0
      const timestamp = newest.timestamp + Math.round((ahead * SOUND_CLOCK[newest.codec]) / PICTURE_CLOCK)
      return { timestamp: ((timestamp % WRAP) + WRAP) % WRAP, ...written }
    },
    read({ reports }: RtcpEvents): void {
      for (const report of reports) {
        if (report.ssrc !== ssrc) continue
        loss += LOSS_WEIGHT * (report.fractionLost - loss)
        for (const handler of handlers) handler(loss)
      }
    },
    onLoss: (handler: (part: number) => void): void => void handlers.push(handler),
    sent: (): number => written.packets,
  }
}

/** Time of sound at its codec's clock (RFC 3550 §5.1): exact for packets of whole milliseconds. */
export const soundTimestamp = (codec: SoundCodec, at: number): number =>
  Math.floor((at * SOUND_CLOCK[codec]) / PICTURE_CLOCK) % WRAP

function payloadTypes(codecs: readonly NegotiatedCodec[]): Map<SoundCodec, number> {
  const types = new Map<SoundCodec, number>()
  for (const { mimeType, payloadType } of codecs) {
    const codec = SOUND_CODECS.find(name => mimeType.toLowerCase() === `audio/${name}`)
    if (codec && payloadType !== undefined && !types.has(codec)) types.set(codec, payloadType)
  }
  return types
}
