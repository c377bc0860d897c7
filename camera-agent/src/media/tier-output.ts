import type { Frame } from 'node-av/lib'
import type { Encoder } from './encoder.ts'
import type { Encoders } from './encoders.ts'
import { CODECS, type Codec, type Encoding } from './media-frame.ts'
import { createScaler } from './scaler.ts'
import { TIER_LIMITS, type Tier, tierSize } from './tier.ts'

export type Send = (encoding: Encoding, key: boolean, ticks: number, data: Buffer) => void
type Rates = Partial<Record<Codec, number>>

const CLOCK = 90_000

/** One size and pace of the source's pictures: scaled once for the codecs that are wanted, each coded once for all. */
export function createTierOutput(tier: Tier, send: Send, open: Encoders) {
  const encoders = new Map<Codec, Encoder>()
  const scaler = createScaler(({ width, height }) => tierSize(tier, width, height))
  const pace = createPace(TIER_LIMITS[tier].fps)
  let size = ''
  let hurry = false
  const close = (codec: Codec) => {
    encoders.get(codec)?.close()
    encoders.delete(codec)
  }
  const closeAll = () => {
    for (const codec of CODECS) close(codec)
  }
  return {
    /** The next picture will be a key frame, and will not wait for this tier's pace. */
    forceKey: (codec: Codec) => {
      encoders.get(codec)?.forceKey()
      hurry = true
    },
    /** Scales and encodes a yuv420p picture, if it is this tier's turn, for every codec that has a rate. */
    picture: async (picture: Frame, ticks: number, fps: number, rates: Rates) => {
      for (const codec of CODECS) if (!rates[codec]) close(codec)
      const fresh = CODECS.some(codec => rates[codec] && !encoders.has(codec))
      if (!pace(ticks, fps, hurry || fresh)) return
      hurry = false
      const scaled = await scaler.apply(picture)
      const { width, height } = scaled
      const now = `${width}x${height}`
      if (now !== size) closeAll()
      size = now
      for (const codec of CODECS) {
        const rate = rates[codec]
        if (!rate) continue
        const encoding = { codec, tier }
        const encoder =
          encoders.get(codec) ??
          (await open(encoding, { width, height, fps: Math.min(fps, TIER_LIMITS[tier].fps) }, rate, send))
        encoders.set(codec, encoder)
        encoder.setRate(rate)
        await encoder.encode(scaled, ticks)
      }
    },
    close: () => {
      closeAll()
      scaler.close()
    },
  }
}

/** Says whether the picture at `ticks` is among the `most` a second; half a picture early is on time. */
export function createPace(most: number) {
  let due = Number.NEGATIVE_INFINITY
  return (ticks: number, fps: number, now = false): boolean => {
    if (fps <= most) return true
    const step = CLOCK / most
    if (Math.abs(due - ticks) > 2 * step) due = ticks
    if (!now && ticks < due - CLOCK / fps / 2) return false
    due = now ? ticks + step : Math.max(due + step, ticks + step / 2)
    return true
  }
}
