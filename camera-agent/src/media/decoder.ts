import { AV_FRAME_FLAG_CORRUPT } from 'node-av/constants'
import { Codec, CodecContext, Dictionary, Frame, type Packet, type Stream } from 'node-av/lib'
import { createDeinterlacer } from './deinterlacer.ts'
import { createScaler } from './scaler.ts'
import { SourceFault } from './source-status.ts'
import { tierSize } from './tier.ts'

export type Decoder = {
  /** Decodes one packet whose pts is in ticks; each picture comes as yuv420p, progressive, at most 1280 × 720. */
  decode(packet: Packet, onPicture: (picture: Frame, ticks: number) => Promise<void>): Promise<void>
  flush(): void
  close(): void
}

/** The largest picture that is decoded: level 6.2 of H.264 and H.265. It bounds what a hostile stream can allocate. */
export const MAX_PIXELS = 8192 * 4320

export async function openDecoder(stream: Stream): Promise<Decoder> {
  const codec = Codec.findDecoder(stream.codecpar.codecId)
  if (!codec) throw new SourceFault('unsupported')
  const context = new CodecContext()
  context.allocContext3(codec)
  context.parametersToContext(stream.codecpar)
  context.threadCount = 1
  const options = Dictionary.fromObject({ max_pixels: String(MAX_PIXELS) })
  if ((await context.open2(codec, options)) < 0) throw new SourceFault('unsupported')
  const frame = new Frame()
  frame.alloc()
  const fields = createDeinterlacer()
  const fit = createScaler(({ width, height }) => tierSize('source', width, height))
  return {
    decode: async (packet, onPicture) => {
      await context.sendPacket(packet)
      while ((await context.receiveFrame(frame)) >= 0) {
        // One whose base is missing is not worth showing: the next key frame mends it.
        if (!frame.hasFlags(AV_FRAME_FLAG_CORRUPT))
          await fields.apply(frame, async (whole, ticks) => onPicture(await fit.apply(whole), ticks))
        frame.unref()
      }
    },
    flush: () => {
      context.flushBuffers()
      fields.reset()
    },
    close: () => {
      fields.close()
      fit.close()
      frame.free()
      context.freeContext()
    },
  }
}
