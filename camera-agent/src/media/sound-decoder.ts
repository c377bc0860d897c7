import { AV_CHANNEL_LAYOUT_MONO, AV_CHANNEL_LAYOUT_STEREO, AV_SAMPLE_FMT_S16 } from 'node-av/constants'
import {
  Codec,
  CodecContext,
  Frame,
  type Packet,
  Rational,
  SoftwareResampleContext,
  type Stream,
} from 'node-av/lib'
import { RATE } from './opus-encoder.ts'
import { SourceFault } from './source-status.ts'

const SAMPLE_BYTES = 2

export type SoundDecoder = {
  /** Decodes one packet whose pts is in ticks; its samples come as one channel of 48 kHz, 16 bits. */
  decode(packet: Packet, onSamples: (samples: Buffer, ticks: number) => Promise<void>): Promise<void>
  close(): void
}

export async function openSoundDecoder(stream: Stream): Promise<SoundDecoder> {
  const codec = Codec.findDecoder(stream.codecpar.codecId)
  if (!codec) throw new SourceFault('unsupported')
  const context = new CodecContext()
  context.allocContext3(codec)
  context.parametersToContext(stream.codecpar)
  context.threadCount = 1
  context.pktTimebase = new Rational(1, 90_000)
  if ((await context.open2(codec)) < 0) throw new SourceFault('unsupported')
  const frame = new Frame()
  frame.alloc()
  const resampler = createResampler()
  return {
    decode: async (packet, onSamples) => {
      // A packet that cannot be decoded is a gap: the next one may be whole.
      await context.sendPacket(packet)
      while ((await context.receiveFrame(frame)) >= 0) {
        const ticks = Number(frame.pts)
        const samples = resampler.apply(frame)
        frame.unref()
        if (samples.length > 0) await onSamples(samples, ticks)
      }
    },
    close: () => {
      resampler.close()
      frame.free()
      context.freeContext()
    },
  }
}

/** Follows a source that changes its rate or its channels in the middle. */
function createResampler() {
  let context: SoftwareResampleContext | undefined
  let key = ''
  const close = () => {
    context?.free()
    context = undefined
    key = ''
  }
  const open = (frame: Frame) => {
    close()
    const { nbChannels } = frame.channelLayout
    // Raw formats may name a number of channels without their places.
    const layout =
      nbChannels === 1
        ? AV_CHANNEL_LAYOUT_MONO
        : nbChannels === 2
          ? AV_CHANNEL_LAYOUT_STEREO
          : frame.channelLayout
    context = new SoftwareResampleContext()
    const set = context.allocSetOpts2(
      AV_CHANNEL_LAYOUT_MONO,
      AV_SAMPLE_FMT_S16,
      RATE,
      layout,
      frame.format as never,
      frame.sampleRate,
    )
    if (set < 0 || context.init() < 0) throw new SourceFault('unsupported')
    return context
  }
  return {
    close,
    apply: (frame: Frame): Buffer => {
      const now = `${frame.sampleRate}:${frame.format}:${frame.channelLayout.nbChannels}`
      const resample = now === key && context ? context : open(frame)
      key = now
      const most = resample.getOutSamples(frame.nbSamples)
      const out = Buffer.alloc(Math.max(1, most) * SAMPLE_BYTES)
      const count = resample.convertSync([out], most, frame.extendedData, frame.nbSamples)
      if (count < 0) throw new SourceFault('unsupported')
      return out.subarray(0, count * SAMPLE_BYTES)
    },
  }
}
