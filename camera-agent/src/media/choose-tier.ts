/** One thing a viewer could be sent now, and the least bits per second of pictures it takes. */
export type Offer<Name> = { name: Name; needs: number }

/** What a viewer is sent, and what is known of its climbs; times in ms of the caller's clock. */
export type Choice<Name> = {
  name: Name
  /** Better ones, and since when each has fitted without a break. */
  fits?: readonly { name: Name; since: number }[]
  /** When this one was climbed to. */
  climbedAt?: number
  /** How long a better one must fit before it is taken. */
  holdMs: number
  /** The best of those that were a mistake: what is better still was not tried, and is held no longer than usual. */
  regretted?: Name
}

export const UP_HOLD_MS = 2000
export const MAX_HOLD_MS = 24_000
/** A climb that is undone within this time was a mistake: the next one waits twice as long. */
export const REGRET_MS = 10_000
/** One step is taken instead of two when the second is due so soon after the first. */
export const TOGETHER_MS = 1000
/** A better one must fit with this much to spare. */
export const UP_MARGIN = 1.15

/**
 * What to send a viewer whose link carries `available` bits per second of pictures; `offers` stand best first and are
 * never empty. Down at once, to the best that fits, or to the last. Up only after a better one has fitted with a margin
 * for some seconds without a break. Undefined `available` means that nothing is known yet: the best.
 */
export function chooseTier<Name>(
  available: number | undefined,
  now: number,
  current: Choice<Name> | undefined,
  offers: readonly Offer<Name>[],
): Choice<Name> {
  const budget = available ?? Number.POSITIVE_INFINITY
  const place = placeOf(current?.name, offers)
  const fitting = bestFor(budget, offers)
  if (!current || place < 0) return { name: nameAt(offers, fitting), holdMs: current?.holdMs ?? UP_HOLD_MS }
  if (fitting > place) return { name: nameAt(offers, fitting), ...afterFall(current, now, offers) }
  const fits = offers
    .slice(0, place)
    .filter(({ needs }) => needs * UP_MARGIN <= budget)
    .map(({ name }) => ({ name, since: current.fits?.find(each => each.name === name)?.since ?? now }))
  const name = climb(fits, current, now, offers)
  return name === undefined ? { ...current, fits } : { ...current, name, fits, climbedAt: now }
}

/** The best of those that have fitted long enough, unless a better one is about to have. */
function climb<Name>(
  fits: NonNullable<Choice<Name>['fits']>,
  { holdMs, regretted }: Choice<Name>,
  now: number,
  offers: readonly Offer<Name>[],
): Name | undefined {
  const tried = placeOf(regretted, offers)
  const waits = fits.map(({ name, since }) => {
    const hold = placeOf(name, offers) < tried ? UP_HOLD_MS : holdMs
    return { name, ms: hold - (now - since) }
  })
  const best = waits.find(({ ms }) => ms <= TOGETHER_MS)
  return best && best.ms <= 0 ? best.name : undefined
}

/** A climb that is soon undone was a mistake. */
function afterFall<Name>(
  { name, climbedAt, holdMs, regretted }: Choice<Name>,
  now: number,
  offers: readonly Offer<Name>[],
): Pick<Choice<Name>, 'holdMs' | 'regretted'> {
  if (climbedAt === undefined) return { holdMs, ...(regretted === undefined ? {} : { regretted }) }
  if (now - climbedAt >= REGRET_MS) return { holdMs: UP_HOLD_MS }
  const before = placeOf(regretted, offers)
  const better = before >= 0 && before < placeOf(name, offers) ? regretted : name
  return { holdMs: Math.min(MAX_HOLD_MS, holdMs * 2), ...(better === undefined ? {} : { regretted: better }) }
}

function bestFor<Name>(budget: number, offers: readonly Offer<Name>[]): number {
  const fits = offers.findIndex(offer => offer.needs <= budget)
  return fits < 0 ? offers.length - 1 : fits
}

const placeOf = <Name>(name: Name | undefined, offers: readonly Offer<Name>[]): number =>
  name === undefined ? -1 : offers.findIndex(offer => offer.name === name)

const nameAt = <Name>(offers: readonly Offer<Name>[], place: number): Name =>
  (offers[place] as Offer<Name>).name
