import { SOUND_CLOCK, type SoundCodec } from '@ownsight/camera-agent/media/sound'
import {
  AV_CHANNEL_LAYOUT_MONO,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_PCM_ALAW,
  AV_CODEC_ID_PCM_MULAW,
  AV_SAMPLE_FMT_S16,
} from 'node-av/constants'
import { Codec, CodecContext, Frame, Packet } from 'node-av/lib'

const IDS = { opus: AV_CODEC_ID_OPUS, pcmu: AV_CODEC_ID_PCM_MULAW, pcma: AV_CODEC_ID_PCM_ALAW }

/** What a listener hears of packets: samples of one channel, -1 to 1, at the codec's RTP clock. */
export async function decodeSound(codec: SoundCodec, payloads: readonly Buffer[]): Promise<Float32Array> {
  const decoder = Codec.findDecoder(IDS[codec])
  if (!decoder) throw new Error(`no decoder for ${codec}`)
  const context = new CodecContext()
  context.allocContext3(decoder)
  context.sampleRate = SOUND_CLOCK[codec]
  context.channelLayout = AV_CHANNEL_LAYOUT_MONO
  if ((await context.open2(decoder)) < 0) throw new Error(`cannot decode ${codec}`)
  const packet = new Packet()
  const frame = new Frame()
  frame.alloc()
  const heard: number[] = []
  for (const payload of payloads) {
    packet.alloc()
    packet.data = payload
    await context.sendPacket(packet)
    while ((await context.receiveFrame(frame)) >= 0) {
      const bytes = frame.data?.[0] ?? Buffer.alloc(0)
      for (let i = 0; i < frame.nbSamples; i++)
        heard.push(
          frame.format === AV_SAMPLE_FMT_S16 ? bytes.readInt16LE(i * 2) / 32_768 : bytes.readFloatLE(i * 4),
        )
      frame.unref()
    }
    packet.unref()
  }
  context.freeContext()
  frame.free()
  packet.free()
  return Float32Array.from(heard)
}

/** How often a second the sound rises through zero: the pitch of a pure tone. */
export function pitchOf(samples: Float32Array, rate: number): number {
  let rises = 0
  for (let i = 1; i < samples.length; i++) if ((samples[i - 1] ?? 0) < 0 && (samples[i] ?? 0) >= 0) rises++
  return (rises * rate) / samples.length
}
