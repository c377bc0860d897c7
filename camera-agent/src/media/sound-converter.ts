import type { Packet, Stream } from 'node-av/lib'
import { createOpusEncoder, FRAME_SAMPLES, FRAME_TICKS, type OpusEncoder } from './opus-encoder.ts'
import { createSoundBlocks } from './sound-blocks.ts'
import { openSoundDecoder, type SoundDecoder } from './sound-decoder.ts'
import type { SoundOutput } from './sound-output.ts'

/** A second or two of packets: who is that far behind leaves some out. */
const MAX_WAITING = 60
const BLOCK_BYTES = FRAME_SAMPLES * 2

/**
 * Decodes a stream's sound and encodes it as Opus, beside the reading of the source. What cannot be converted costs the
 * sound, never the picture: `onFault` is called once, and nothing comes any more.
 */
export function createSoundConverter(stream: Stream, output: SoundOutput, onFault: () => void) {
  let open: { decoder: SoundDecoder; encoder: OpusEncoder } | undefined
  let work = Promise.resolve()
  let waiting = 0
  let isUsed = false
  let isBroken = false
  const blocks = createSoundBlocks(BLOCK_BYTES, FRAME_TICKS / BLOCK_BYTES)

  const convert = async (packet: Packet) => {
    open ??= {
      decoder: await openSoundDecoder(stream),
      encoder: createOpusEncoder((ticks, data) => output.send('opus', ticks, data)),
    }
    const { decoder, encoder } = open
    encoder.setLoss(output.want().loss)
    await decoder.decode(packet, async (samples, ticks) => {
      for (const { at, block } of blocks.push(samples, ticks)) await encoder.encode(block, at)
    })
  }
  const shut = () => {
    open?.decoder.close()
    open?.encoder.close()
    open = undefined
    blocks.reset()
  }
  const next = (step: () => Promise<void> | void) => {
    work = work.then(step).catch(() => {
      if (isBroken) return
      isBroken = true
      shut()
      onFault()
    })
  }
  return {
    push: (packet: Packet, ticks: number) => {
      const copy = isBroken || waiting >= MAX_WAITING ? null : packet.clone()
      if (!copy) return
      copy.pts = BigInt(ticks)
      isUsed = true
      waiting++
      next(async () => {
        waiting--
        try {
          if (!isBroken) await convert(copy)
        } finally {
          copy.free()
        }
      })
    },
    /** Nobody listens: decoder and encoder go. */
    close: () => {
      if (isUsed) next(shut)
      isUsed = false
    },
  }
}
