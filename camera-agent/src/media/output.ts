import type { Frame } from 'node-av/lib'
import { type Encoder, openEncoder } from './encoder.ts'
import type { Codec } from './media-frame.ts'
import type { Want } from './source-messages.ts'

const CODECS = ['h264', 'vp8'] as const

export type Send = (codec: Codec, key: boolean, ticks: number, data: Buffer) => void
export type Output = ReturnType<typeof createOutput>

/** Where a source's pictures go: one encoder for each codec that has a viewer, opened and closed on demand. */
export function createOutput(first: Want, send: Send) {
  const encoders: Partial<Record<Codec, Encoder>> = {}
  let size = ''
  let want = first
  const close = (codec: Codec) => {
    encoders[codec]?.close()
    delete encoders[codec]
  }
  return {
    want: () => want,
    setWant: (next: Want) => {
      want = next
    },
    /** A key frame as soon as the encoder can; nothing where the source is passed through. */
    forceKey: (codec: Codec) => encoders[codec]?.forceKey(),
    /** An access unit of the source as it is. */
    passThrough: (key: boolean, ticks: number, data: Buffer) => {
      if (want.h264) send('h264', key, ticks, data)
    },
    /** A decoded yuv420p picture, encoded for every codec of `codecs` that is wanted. */
    picture: async (picture: Frame, ticks: number, fps: number, codecs: readonly Codec[] = CODECS) => {
      const now = `${picture.width}x${picture.height}`
      if (now !== size) for (const codec of CODECS) close(codec)
      size = now
      for (const codec of CODECS) {
        if (!want[codec] || !codecs.includes(codec)) {
          close(codec)
          continue
        }
        const { width, height } = picture
        encoders[codec] ??= await openEncoder(codec, { width, height, fps }, send)
        await encoders[codec].encode(picture, ticks)
      }
    },
  }
}
