import { NO_SOUND, type SoundCodec, type SoundKind, type SoundWant } from './sound.ts'

/** Where a source's sound goes: to those who listen, in the forms they are sent; nowhere while there is nobody. */
export type SoundOutput = {
  want(): SoundWant
  send(codec: SoundCodec, ticks: number, data: Buffer): void
  /** What the sound comes as. */
  tell(kind: SoundKind): void
}

export function createSoundOutput(
  send: (codec: SoundCodec, ticks: number, data: Buffer) => void,
  tell: (kind: SoundKind) => void,
): SoundOutput & { setWant(next: SoundWant): void } {
  let want = NO_SOUND
  return {
    want: () => want,
    setWant: next => {
      want = next
    },
    send: (codec, ticks, data) => {
      if (want.codecs.includes(codec)) send(codec, ticks, data)
    },
    tell,
  }
}
