import { type Offer, UP_MARGIN } from './choose-tier.ts'
import type { Feed } from './feed.ts'
import type { Aim, Lane } from './lane.ts'
import type { Codec } from './media-frame.ts'
import { isOriginal } from './output.ts'
import { pictureBudget, TIER_LIMITS, TIERS, type Tier } from './tier.ts'

/** What a stream that is passed through takes of a link beyond its mean. */
const PEAK = 1.1
/** A tier that is not clearly smaller than the source it is made of saves nothing. */
const SMALLER = 0.8
/** A camera's sub stream, until it has been measured. */
const SUB_BPS = 500_000

/** Until the sub stream has said how high its pictures are. */
const SUB_HEIGHT = 360
/** A picture may be drawn this much larger than it is before more of it is worth the price. */
const ENLARGED = 1.25

/**
 * Everything a viewer of `codec` could be sent now, best first, never empty. `sub` is the camera's own smaller stream; where
 * that is large enough for how high the viewer draws its picture, `height` in pixels, it and what is made of it is all.
 */
export function offersOf(codec: Codec, main: Feed, sub: Feed | undefined, height?: number): Offer<Aim>[] {
  const offers = allOffers(codec, main, sub)
  if (!sub || height === undefined || height > (sub.height() ?? SUB_HEIGHT) * ENLARGED) return offers
  const small = offers.filter(({ name }) => name.lane.feed === sub)
  return small.length > 0 ? small : offers
}

function allOffers(codec: Codec, main: Feed, sub: Feed | undefined): Offer<Aim>[] {
  const source = main.lane({ codec, tier: 'source' })
  const original = isOriginal(source.encoding) && main.passes()
  const offers = original || main.allows('source') ? [whole(source, sourceNeeds(source))] : []
  if (!sub) offers.push(...transcoded(codec, main, rateOf(source)))
  else {
    const rate = sub.passedRate() ?? SUB_BPS
    if (codec === 'h264') offers.push(whole(sub.lane({ codec, tier: 'source' }), rate * PEAK))
    else offers.push(...transcoded(codec, main, rateOf(source), ['high']))
    offers.push(...transcoded(codec, sub, rate))
  }
  if (original && offers.length === 1) offers.push({ name: source.keys, needs: 0 })
  if (offers.length === 0) offers.push(whole(main.lane({ codec, tier: 'still' }), 0))
  return offers
}

/** What the best of `offers` can make use of, bits per second of a viewer's budget. */
export function demandOf([best]: readonly Offer<Aim>[]): number {
  if (!best) return 0
  const { feed, encoding } = best.name.lane
  const most = isOriginal(encoding) && feed.passes() ? best.needs * UP_MARGIN : TIER_LIMITS[encoding.tier].max
  return Math.round(most / pictureBudget(1))
}

function transcoded(
  codec: Codec,
  feed: Feed,
  rate: number | undefined,
  tiers: readonly Tier[] = TIERS.slice(1),
): Offer<Aim>[] {
  return tiers
    .filter(tier => feed.allows(tier) && TIER_LIMITS[tier].min < (rate ?? Number.POSITIVE_INFINITY) * SMALLER)
    .map(tier => whole(feed.lane({ codec, tier }), TIER_LIMITS[tier].min))
}

const rateOf = (source: Lane): number | undefined =>
  isOriginal(source.encoding) && source.feed.passes() ? source.feed.passedRate() : source.meter.rate()

/** A source that is passed through takes what it takes; one that is encoded can be told, and may need less than told. */
function sourceNeeds(source: Lane): number {
  const measured = rateOf(source)
  if (isOriginal(source.encoding) && source.feed.passes())
    return (measured ?? TIER_LIMITS.source.start) * PEAK
  return Math.min(TIER_LIMITS.source.min, (measured ?? Number.POSITIVE_INFINITY) * PEAK)
}

const whole = (lane: Lane, needs: number): Offer<Aim> => ({ name: lane.whole, needs })
