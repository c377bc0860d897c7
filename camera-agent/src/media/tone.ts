import { setTimeout as sleep } from 'node:timers/promises'
import { createOpusEncoder, FRAME_SAMPLES, FRAME_TICKS, RATE } from './opus-encoder.ts'
import type { SoundOutput } from './sound-output.ts'

const BEEP_MS = 100
const EVERY_MS = 1000
const PITCH_HZ = 1000
const LOUDNESS = 12_000
const FRAME_MS = 20
/** Further behind than this, what was missed is left out. */
const LATE_FRAMES = 5

/** True in the first tenth of each second of the test pattern, by its own clock. */
export const isBeep = (ms: number): boolean => ms % EVERY_MS < BEEP_MS

/** Plays the beep for those who listen until the source closes; `start` as the pictures count from, ms. */
export async function playTone(start: number, sound: SoundOutput, closing: () => boolean): Promise<void> {
  const encoder = createOpusEncoder((ticks, data) => sound.send('opus', ticks, data))
  sound.tell('opus')
  for (let frame = 0; !closing(); frame++) {
    await sleep(Math.max(0, start + (frame + 1) * FRAME_MS - performance.now()))
    const newest = Math.floor((performance.now() - start) / FRAME_MS) - 1
    if (newest - frame > LATE_FRAMES) frame = newest
    const { codecs, loss } = sound.want()
    if (!codecs.includes('opus')) continue
    encoder.setLoss(loss)
    await encoder.encode(toneFrame(frame), frame * FRAME_TICKS)
  }
  encoder.close()
}

/** The samples of one 20 ms of the tone, 16 bits little-endian. */
export function toneFrame(frame: number): Buffer {
  const samples = Buffer.alloc(FRAME_SAMPLES * 2)
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const sample = frame * FRAME_SAMPLES + i
    if (isBeep((sample * 1000) / RATE))
      samples.writeInt16LE(Math.round(LOUDNESS * Math.sin((2 * Math.PI * PITCH_HZ * sample) / RATE)), i * 2)
  }
  return samples
}
