import type { Writable } from 'node:stream'
import { encodeFrame, encodeSound, encodeStatus, MAX_FRAME_BYTES, MAX_SOUND_BYTES } from './frame-pipe.ts'
import type { Encoding } from './media-frame.ts'
import type { SoundCodec } from './sound.ts'

const HIGH_WATER = 4 * 1024 * 1024
const LOW_WATER = 1024 * 1024

/**
 * Writes records to the agent. When the agent reads too slowly the rest of the group of pictures is left out,
 * up to the next key frame: memory stays bounded and no picture is shown on a missing base.
 */
export function createSender(
  pipe: Pick<Writable, 'write' | 'writableLength'>,
  onGap: (encoding: Encoding) => void,
) {
  const skipping = new Set<string>()
  return {
    frame: (encoding: Encoding, key: boolean, ticks: number, data: Buffer) => {
      const name = `${encoding.codec} ${encoding.tier}`
      const full = pipe.writableLength > (skipping.has(name) ? LOW_WATER : HIGH_WATER)
      if (full || data.length > MAX_FRAME_BYTES || (skipping.has(name) && !key)) {
        if (!skipping.has(name) || (key && full)) onGap(encoding)
        skipping.add(name)
        return
      }
      skipping.delete(name)
      pipe.write(encodeFrame(encoding, key, ticks, data))
    },
    /** Where the agent reads too slowly, sound is left out before pictures are. */
    sound: (codec: SoundCodec, ticks: number, data: Buffer) => {
      if (data.length > 0 && data.length <= MAX_SOUND_BYTES && pipe.writableLength <= LOW_WATER)
        pipe.write(encodeSound(codec, ticks, data))
    },
    /** Resolves when the agent's end of the pipe has it. */
    status: (text: string): Promise<void> =>
      new Promise(resolve => {
        pipe.write(encodeStatus(text), () => resolve())
      }),
  }
}
