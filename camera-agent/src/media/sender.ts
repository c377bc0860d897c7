import type { Writable } from 'node:stream'
import { encodeFrame, encodeStatus, MAX_FRAME_BYTES } from './frame-pipe.ts'
import type { Codec } from './media-frame.ts'

const HIGH_WATER = 4 * 1024 * 1024
const LOW_WATER = 1024 * 1024

/**
 * Writes records to the agent. When the agent reads too slowly the rest of the group of pictures is left out,
 * up to the next key frame: memory stays bounded and no picture is shown on a missing base.
 */
export function createSender(
  pipe: Pick<Writable, 'write' | 'writableLength'>,
  onGap: (codec: Codec) => void,
) {
  const skipping = new Set<Codec>()
  return {
    frame: (codec: Codec, key: boolean, ticks: number, data: Buffer) => {
      const full = pipe.writableLength > (skipping.has(codec) ? LOW_WATER : HIGH_WATER)
      if (full || data.length > MAX_FRAME_BYTES || (skipping.has(codec) && !key)) {
        if (!skipping.has(codec) || (key && full)) onGap(codec)
        skipping.add(codec)
        return
      }
      skipping.delete(codec)
      pipe.write(encodeFrame(codec, key, ticks, data))
    },
    /** Resolves when the agent's end of the pipe has it. */
    status: (text: string): Promise<void> =>
      new Promise(resolve => {
        pipe.write(encodeStatus(text), () => resolve())
      }),
  }
}
