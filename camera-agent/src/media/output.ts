import type { Frame } from 'node-av/lib'
import type { Encoders } from './encoders.ts'
import type { Codec, Encoding } from './media-frame.ts'
import type { Want } from './source-messages.ts'
import { TIERS, type Tier } from './tier.ts'
import { createTierOutput, type Send } from './tier-output.ts'

export type Output = ReturnType<typeof createOutput>

/** True for the encoding that a source browsers can play is, as it comes. */
export const isOriginal = ({ codec, tier }: Encoding): boolean => codec === 'h264' && tier === 'source'

/** Where a source's pictures go: one encoder for each encoding that has a viewer, opened and closed on demand. */
export function createOutput(first: Want, send: Send, encoders: Encoders) {
  const tiers = new Map<Tier, ReturnType<typeof createTierOutput>>()
  let want = first
  return {
    setWant: (next: Want) => {
      want = next
    },
    /** A key frame as soon as the encoder can; nothing where the source is passed through. */
    forceKey: ({ codec, tier }: Encoding) => tiers.get(tier)?.forceKey(codec),
    /** True when somebody needs decoded pictures of a source that is `passed` through, or is not. */
    needsPictures: (passed: boolean) => want.some(each => !(passed && isOriginal(each))),
    /** An access unit of the source as it is. */
    passThrough: (key: boolean, ticks: number, data: Buffer) => {
      if (want.some(isOriginal)) send({ codec: 'h264', tier: 'source' }, key, ticks, data)
    },
    /** A decoded yuv420p picture, encoded for all that is wanted and not `passed` through. */
    picture: async (picture: Frame, ticks: number, fps: number, passed = false) => {
      const wanted = want.filter(each => !(passed && isOriginal(each)))
      for (const tier of TIERS) {
        const rates: Partial<Record<Codec, number>> = {}
        for (const each of wanted) if (each.tier === tier) rates[each.codec] = each.bps
        if (Object.keys(rates).length === 0) {
          tiers.get(tier)?.close()
          tiers.delete(tier)
          continue
        }
        const output = tiers.get(tier) ?? createTierOutput(tier, send, encoders)
        tiers.set(tier, output)
        await output.picture(picture, ticks, fps, rates)
      }
    },
    close: () => {
      for (const output of tiers.values()) output.close()
      tiers.clear()
    },
  }
}
