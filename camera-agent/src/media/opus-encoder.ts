import { AV_CHANNEL_LAYOUT_MONO, AV_SAMPLE_FMT_S16, FF_ENCODER_LIBOPUS } from 'node-av/constants'
import { Codec, CodecContext, Dictionary, Frame, Packet, Rational } from 'node-av/lib'
import { SourceFault } from './source-status.ts'

/** 20 ms at 48 kHz, one channel: a browser's offer asks for no more (RFC 7587 §6.1, `stereo` absent). */
export const FRAME_SAMPLES = 960
export const FRAME_TICKS = 1800
export const RATE = 48_000
const BITS_PER_SECOND = 32_000n
const PACKET_MAX_BYTES = 1200

export type OpusEncoder = {
  /** @param samples FRAME_SAMPLES of 16 bits, little-endian; `ticks` at 90 kHz */
  encode(samples: Buffer, ticks: number): Promise<void>
  /** How much loss, in percent, each packet is to make good of the one before it (RFC 6716 §2.1.7). */
  setLoss(percent: number): void
  close(): void
}

/** Opus with in-band repair and without pauses; a packet's ticks are those of what is heard when it is decoded. */
export function createOpusEncoder(emit: (ticks: number, data: Buffer) => void): OpusEncoder {
  let loss = 0
  let opened: { context: CodecContext; loss: number } | undefined
  const packet = new Packet()
  packet.alloc()

  const close = () => {
    opened?.context.freeContext()
    opened = undefined
  }
  return {
    encode: async (samples, ticks) => {
      // libopus is told of the loss at opening only.
      if (opened?.loss !== loss) close()
      opened ??= { context: await open(loss), loss }
      const { context } = opened
      const frame = Frame.fromAudioBuffer(samples, {
        nbSamples: FRAME_SAMPLES,
        format: AV_SAMPLE_FMT_S16,
        sampleRate: RATE,
        channelLayout: AV_CHANNEL_LAYOUT_MONO,
      })
      frame.pts = BigInt(ticks)
      const taken = await context.sendFrame(frame)
      frame.free()
      if (taken < 0) throw new SourceFault('unsupported')
      while ((await context.receivePacket(packet)) >= 0) {
        const { data, pts } = packet
        if (data && data.length <= PACKET_MAX_BYTES) emit(Math.max(0, Number(pts)), Buffer.from(data))
        packet.unref()
      }
    },
    setLoss: percent => {
      loss = percent
    },
    close: () => {
      close()
      packet.free()
    },
  }
}

async function open(loss: number): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBOPUS)
  if (!codec) throw new SourceFault('unsupported')
  const context = new CodecContext()
  context.allocContext3(codec)
  context.sampleRate = RATE
  context.sampleFormat = AV_SAMPLE_FMT_S16
  context.channelLayout = AV_CHANNEL_LAYOUT_MONO
  context.bitRate = BITS_PER_SECOND
  context.timeBase = new Rational(1, 90_000)
  const options = {
    application: 'voip',
    frame_duration: '20',
    fec: '1',
    packet_loss: String(loss),
    dtx: '0',
    vbr: 'on',
  }
  if ((await context.open2(codec, Dictionary.fromObject(options))) < 0) throw new SourceFault('unsupported')
  return context
}
