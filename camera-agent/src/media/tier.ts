/** The encodings a camera may be shared in, best first. `source` is the source as it is, or its full-size encoding. */
export const TIERS = ['source', 'high', 'mid', 'low', 'thin', 'still'] as const
export type Tier = (typeof TIERS)[number]

export type TierLimits = {
  /** Pixels; a smaller source is never enlarged. */
  width: number
  height: number
  /** Pictures per second, at most. */
  fps: number
  /** Between two key frames that nobody asked for; 0 means that every picture is one. */
  gopSeconds: number
  /** Bits per second the encoder may be set to: below `min` the next tier shows more. */
  min: number
  /** While no viewer's budget is known. */
  start: number
  max: number
  /** Seconds of `bps` that a burst, a key frame above all, may run ahead. */
  bufferSeconds: number
}

/**
 * Bit rate and size shrink first, then the frame rate, and at the end there are only key frames: each of them is whole
 * by itself, so nothing on such a link waits for a lost packet.
 */
export const TIER_LIMITS: Record<Tier, TierLimits> = {
  source: limits(1280, 720, 60, 1, [1_400_000, 2_000_000, 3_400_000], 0.8),
  high: limits(960, 540, 25, 10, [600_000, 1_000_000, 1_400_000], 0.5),
  mid: limits(640, 360, 15, 10, [220_000, 450_000, 600_000], 0.5),
  low: limits(480, 270, 10, 10, [80_000, 160_000, 220_000], 0.5),
  thin: limits(320, 180, 4, 10, [22_000, 45_000, 80_000], 1),
  still: limits(320, 180, 0.75, 0, [6000, 14_000, 22_000], 2),
}

function limits(
  width: number,
  height: number,
  fps: number,
  gopSeconds: number,
  [min, start, max]: [number, number, number],
  bufferSeconds: number,
): TierLimits {
  return { width, height, fps, gopSeconds, min, start, max, bufferSeconds }
}

/** The size of a picture of `tier`: within its limits, of the source's proportions, even. */
export function tierSize(tier: Tier, width: number, height: number): { width: number; height: number } {
  const limit = TIER_LIMITS[tier]
  const scale = Math.min(1, limit.width / width, limit.height / height)
  const even = (pixels: number) => Math.max(2, Math.floor((pixels * scale) / 2) * 2)
  return { width: even(width), height: even(height) }
}

/** Part of a viewer's budget that is left free, because an encoder meets its rate on average only. */
const HEADROOM = 0.05

/** What of a viewer's budget an encoder may be set to, bits per second. */
export const pictureBudget = (budget: number): number => budget * (1 - HEADROOM)

/**
 * The encoder's bit rate for viewers with these budgets: the lowest counts, within the tier's range. One that is below
 * it is about to leave, and takes nothing from those who stay.
 */
export function targetRate(tier: Tier, budgets: readonly (number | undefined)[]): number {
  const { min, start, max } = TIER_LIMITS[tier]
  const known = budgets.filter(budget => budget !== undefined).map(pictureBudget)
  if (known.length === 0) return start
  const staying = known.filter(budget => budget >= min)
  const counted = staying.length > 0 ? staying : known
  return Math.round(Math.min(max, Math.max(min, Math.min(...counted))))
}

/** Whoever can take less than this part of what the fastest on its tier can goes to the next one. */
const COMPANY = 2 / 3
/** Pictures per second: below this the next tier is another kind of view, and no price for a neighbour's bit rate. */
const FLUENT = 10

/**
 * Bits per second of pictures a viewer must be able to take for its place on `tier` beside others with these budgets:
 * all of them are held to the lowest budget, and the next tier is nearly as good for the slow one.
 */
export function companyNeeds(tier: Tier, others: readonly (number | undefined)[]): number {
  const next = TIERS[TIERS.indexOf(tier) + 1]
  if (!next || TIER_LIMITS[next].fps < FLUENT) return 0
  const known = others.filter(budget => budget !== undefined).map(pictureBudget)
  return Math.min(TIER_LIMITS[tier].max, Math.max(0, ...known)) * COMPANY
}
