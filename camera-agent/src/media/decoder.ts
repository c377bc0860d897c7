import { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P, SWS_BILINEAR } from 'node-av/constants'
import { Codec, CodecContext, Frame, type Packet, SoftwareScaleContext, type Stream } from 'node-av/lib'
import { SourceFault } from './source-status.ts'

const MAX_WIDTH = 1280
const MAX_HEIGHT = 720

export type Decoder = {
  /** Decodes one packet whose pts is in ticks; each picture comes as yuv420p, at most 1280 × 720. */
  decode(packet: Packet, onPicture: (picture: Frame, ticks: number) => Promise<void>): Promise<void>
  flush(): void
  close(): void
}

export async function openDecoder(stream: Stream): Promise<Decoder> {
  const codec = Codec.findDecoder(stream.codecpar.codecId)
  if (!codec) throw new SourceFault('unsupported')
  const context = new CodecContext()
  context.allocContext3(codec)
  context.parametersToContext(stream.codecpar)
  context.threadCount = 1
  if ((await context.open2(codec)) < 0) throw new SourceFault('unsupported')
  const frame = new Frame()
  frame.alloc()
  const fit = createFit()
  return {
    decode: async (packet, onPicture) => {
      await context.sendPacket(packet)
      while ((await context.receiveFrame(frame)) >= 0) {
        const ticks = Number(frame.pts)
        await onPicture(await fit.apply(frame), ticks)
        frame.unref()
      }
    },
    flush: () => context.flushBuffers(),
    close: () => {
      fit.close()
      frame.free()
      context.freeContext()
    },
  }
}

/** Scales and converts where the encoders need it; a picture that fits goes through untouched. */
function createFit() {
  let scaler: SoftwareScaleContext | undefined
  let scaled: Frame | undefined
  let key = ''
  const close = () => {
    scaler?.freeContext()
    scaled?.free()
    scaler = undefined
    scaled = undefined
  }
  const open = (frame: Frame, width: number, height: number) => {
    close()
    scaler = new SoftwareScaleContext()
    scaler.getContext(
      frame.width,
      frame.height,
      frame.format as never,
      width,
      height,
      AV_PIX_FMT_YUV420P,
      SWS_BILINEAR,
    )
    scaled = new Frame()
    scaled.alloc()
    scaled.width = width
    scaled.height = height
    scaled.format = AV_PIX_FMT_YUV420P
    scaled.getBuffer()
  }
  return {
    close,
    apply: async (frame: Frame): Promise<Frame> => {
      const scale = Math.min(1, MAX_WIDTH / frame.width, MAX_HEIGHT / frame.height)
      const width = Math.max(2, Math.floor((frame.width * scale) / 2) * 2)
      const height = Math.max(2, Math.floor((frame.height * scale) / 2) * 2)
      const plain = frame.format === AV_PIX_FMT_YUV420P || frame.format === AV_PIX_FMT_YUVJ420P
      if (plain && width === frame.width && height === frame.height) return frame
      const now = `${frame.width}x${frame.height}:${frame.format}`
      if (now !== key) open(frame, width, height)
      key = now
      if (!scaler || !scaled) throw new SourceFault('unsupported')
      scaled.makeWritable()
      if ((await scaler.scaleFrame(scaled, frame)) < 0) throw new SourceFault('unsupported')
      return scaled
    },
  }
}
