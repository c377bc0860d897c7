import { Codec, CodecContext, Frame, type Packet, type Stream } from 'node-av/lib'
import { createScaler } from './scaler.ts'
import { SourceFault } from './source-status.ts'
import { tierSize } from './tier.ts'

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
  const fit = createScaler(({ width, height }) => tierSize('source', width, height))
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
