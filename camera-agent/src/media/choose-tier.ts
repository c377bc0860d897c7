/** One thing a viewer could be sent now, and the least bits per second of pictures it takes. */
export type Offer<Name> = { name: Name; needs: number }

/** What a viewer is sent, and what is known of its climbs; times in ms of the caller's clock. */
export type Choice<Name> = {
  name: Name
  /** A better one that has fitted without a break since then. */
  better?: { name: Name; since: number }
  /** When this one was climbed to. */
  climbedAt?: number
  /** How long a better one must fit before it is taken. */
  holdMs: number
}

export const UP_HOLD_MS = 2000
export const MAX_HOLD_MS = 24_000
/** A climb that is undone within this time was a mistake: the next one waits twice as long. */
export const REGRET_MS = 10_000
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
  if (fitting > place) return { name: nameAt(offers, fitting), holdMs: holdAfterFall(current, now) }
  const stay = { ...current }
  delete stay.better
  const higher = bestFor(budget / UP_MARGIN, offers)
  if (higher >= place) return stay
  const before = placeOf(current.better?.name, offers)
  const better =
    current.better && before >= 0 && before < place
      ? { place: Math.max(before, higher), since: current.better.since }
      : { place: higher, since: now }
  const name = nameAt(offers, better.place)
  if (now - better.since < current.holdMs) return { ...stay, better: { name, since: better.since } }
  return { name, holdMs: current.holdMs, climbedAt: now }
}

function holdAfterFall<Name>({ climbedAt, holdMs }: Choice<Name>, now: number): number {
  if (climbedAt === undefined) return holdMs
  return now - climbedAt < REGRET_MS ? Math.min(MAX_HOLD_MS, holdMs * 2) : UP_HOLD_MS
}

function bestFor<Name>(budget: number, offers: readonly Offer<Name>[]): number {
  const fits = offers.findIndex(offer => offer.needs <= budget)
  return fits < 0 ? offers.length - 1 : fits
}

const placeOf = <Name>(name: Name | undefined, offers: readonly Offer<Name>[]): number =>
  name === undefined ? -1 : offers.findIndex(offer => offer.name === name)

const nameAt = <Name>(offers: readonly Offer<Name>[], place: number): Name =>
  (offers[place] as Offer<Name>).name
