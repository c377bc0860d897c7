import { createSoundClock } from './sound-clock.ts'

/**
 * Cuts a stream of bytes into blocks of one length, each with the ticks of its first byte; what is left over begins the
 * next block. Where the source makes a gap, the rest before it is left out.
 */
export function createSoundBlocks(blockBytes: number, ticksPerByte: number) {
  const clock = createSoundClock()
  let rest = Buffer.alloc(0)
  let restAt = 0
  return {
    push(bytes: Buffer, ticks: number): { at: number; block: Buffer }[] {
      const at = clock.take(ticks, bytes.length * ticksPerByte)
      const isNext = rest.length > 0 && Math.abs(restAt + rest.length * ticksPerByte - at) < 1
      const all = isNext ? Buffer.concat([rest, bytes]) : bytes
      const from = isNext ? restAt : at
      const blocks: { at: number; block: Buffer }[] = []
      for (let i = 0; i + blockBytes <= all.length; i += blockBytes)
        blocks.push({ at: Math.round(from + i * ticksPerByte), block: all.subarray(i, i + blockBytes) })
      const used = blocks.length * blockBytes
      rest = Buffer.from(all.subarray(used))
      restAt = from + used * ticksPerByte
      return blocks
    },
    reset(): void {
      clock.reset()
      rest = Buffer.alloc(0)
    },
  }
}
