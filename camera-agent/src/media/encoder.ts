import {
  AV_CODEC_ID_H264,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  FF_ENCODER_LIBVPX_VP8,
  FF_ENCODER_LIBX264,
} from 'node-av/constants'
import { Codec as AvCodec, CodecContext, Dictionary, type Frame, Packet, Rational } from 'node-av/lib'
import type { Codec } from './media-frame.ts'
import { SourceFault } from './source-status.ts'

export type Encoder = {
  /** Encodes one yuv420p picture of the encoder's size at `ticks` (90 kHz, increasing). */
  encode(picture: Frame, ticks: number): Promise<void>
  forceKey(): void
  close(): void
}

export type EncoderSize = { width: number; height: number; fps: number }
type Emit = (codec: Codec, key: boolean, ticks: number, data: Buffer) => void

const CLOCK = new Rational(1, 90_000)
const NAMES = { h264: FF_ENCODER_LIBX264, vp8: FF_ENCODER_LIBVPX_VP8 }
const GOP_SECONDS = { h264: 1, vp8: 2 }

const OPTIONS = {
  h264: {
    preset: 'veryfast',
    tune: 'zerolatency',
    profile: 'baseline',
    crf: '21',
    'forced-idr': '1',
    threads: '1',
    'x264-params': 'annexb=1:repeat-headers=1:scenecut=0:sliced-threads=0',
  },
  vp8: {
    deadline: 'realtime',
    'cpu-used': '8',
    'lag-in-frames': '0',
    'error-resilient': '0',
    qmin: '4',
    qmax: '48',
    threads: '1',
  },
}

export async function openEncoder(codec: Codec, size: EncoderSize, emit: Emit): Promise<Encoder> {
  const encoder = AvCodec.findEncoderByName(NAMES[codec])
  if (!encoder) throw new SourceFault('unsupported')
  const context = new CodecContext()
  context.allocContext3(encoder)
  configure(context, codec, size)
  const result = await context.open2(encoder, Dictionary.fromObject(OPTIONS[codec]))
  if (result < 0) throw new SourceFault('unsupported')
  const packet = new Packet()
  packet.alloc()
  let force = true
  return {
    encode: async (picture, ticks) => {
      picture.pts = BigInt(ticks)
      picture.pictType = force ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
      force = false
      if ((await context.sendFrame(picture)) < 0) throw new SourceFault('unsupported')
      while ((await context.receivePacket(packet)) >= 0) {
        if (packet.data) emit(codec, packet.isKeyframe, Number(packet.pts), packet.data)
        packet.unref()
      }
    },
    forceKey: () => {
      force = true
    },
    close: () => {
      packet.free()
      context.freeContext()
    },
  }
}

function configure(context: CodecContext, codec: Codec, { width, height, fps }: EncoderSize) {
  const bitrate = BigInt(Math.round(Math.min(2_500_000, Math.max(300_000, width * height * 2.4))))
  context.width = width
  context.height = height
  context.timeBase = CLOCK
  context.framerate = new Rational(Math.max(1, Math.round(fps)), 1)
  context.pixelFormat = AV_PIX_FMT_YUV420P
  context.gopSize = Math.max(1, Math.round(fps * GOP_SECONDS[codec]))
  context.maxBFrames = 0
  context.rcMaxRate = bitrate
  context.rcBufferSize = Number(bitrate)
  if (codec === 'vp8') context.bitRate = bitrate
  if (context.codecId === AV_CODEC_ID_H264) {
    context.colorRange = AVCOL_RANGE_MPEG
    context.colorSpace = AVCOL_SPC_BT709
  }
}
