/**
 * What one direction of a line does to its packets. Times in milliseconds, shares from 0 to 1, sizes in bytes of the
 * IP packet.
 */
export type LinkSettings = {
  /** one way, added to every packet */
  readonly delay: number
  /** each packet is held up to this much longer, evenly spread */
  readonly jitter: number
  /** whether jitter may let a packet overtake; without it the order is kept */
  readonly overtake: boolean
  /** share of packets lost, each for itself */
  readonly loss: number
  /** loss in bursts, besides `loss` */
  readonly burst: Burst | null
  /** kbit/s; null: without bound. Zero lets nothing out */
  readonly rate: number | null
  /** bytes that may wait for `rate`; what finds no room is dropped. Null: what the rate sends in 300 ms, at least 6000 */
  readonly queue: number | null
  /** share of packets held `reorderBy` longer than the rest, so that later ones come first */
  readonly reorder: number
  readonly reorderBy: number
  /** share of packets delivered twice */
  readonly duplicate: number
  /** nothing comes out, and what is under way is lost */
  readonly hole: boolean
}

/**
 * Gilbert-Elliott: two states, changed with these probabilities before each packet. `loss` is the share lost in the bad
 * one; in the good one nothing is.
 */
export type Burst = { readonly enter: number; readonly leave: number; readonly loss: number }

export const PERFECT: LinkSettings = {
  delay: 0,
  jitter: 0,
  overtake: false,
  loss: 0,
  burst: null,
  rate: null,
  queue: null,
  reorder: 0,
  reorderBy: 20,
  duplicate: 0,
  hole: false,
}

/**
 * Bursts that lose this share of all packets.
 * @param length mean number of packets lost in a row, at least 1
 */
export function bursty(share: number, length: number): Burst {
  if (!(length >= 1)) throw new RangeError(`a burst has a mean length of at least 1 packet, not ${length}`)
  const leave = 1 / length
  const enter = (leave * share) / (1 - share)
  if (!(share >= 0 && enter <= 1))
    throw new RangeError(`no bursts of ${length} packets lose a share of ${share}: make them longer`)
  return { enter, leave, loss: 1 }
}

/** The settings with `change` in them. @throws RangeError that names the field */
export function withChange(settings: LinkSettings, change: Partial<LinkSettings>): LinkSettings {
  for (const [name, value] of Object.entries(change)) {
    if (!Object.hasOwn(PERFECT, name)) throw new RangeError(`a link has no "${name}"`)
    const fault = faultOf(name as keyof LinkSettings, value)
    if (fault) throw new RangeError(`${name} of a link ${fault}, not ${JSON.stringify(value)}`)
  }
  return { ...settings, ...change }
}

/** Bytes that may wait. A queue too small for one packet would let nothing out. */
export const queueOf = ({ queue, rate }: LinkSettings): number =>
  queue ?? Math.max(6000, ((rate ?? 0) * 300) / 8)

const isShare = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1
const isAmount = (value: unknown): boolean =>
  typeof value === 'number' && value >= 0 && Number.isFinite(value)

function faultOf(name: keyof LinkSettings, value: unknown): string | undefined {
  switch (name) {
    case 'loss':
    case 'reorder':
    case 'duplicate':
      return isShare(value) ? undefined : 'is a share from 0 to 1'
    case 'delay':
    case 'jitter':
    case 'reorderBy':
      return isAmount(value) ? undefined : 'is in milliseconds from 0'
    case 'rate':
      return value === null || isAmount(value) ? undefined : 'is in kbit/s or null'
    case 'queue':
      return value === null || (isAmount(value) && Number(value) >= 1500)
        ? undefined
        : 'is null or at least the 1500 bytes of one packet'
    case 'burst':
      return value === null || isBurst(value)
        ? undefined
        : 'is null or { enter, leave, loss }, shares from 0 to 1'
    case 'overtake':
    case 'hole':
      return typeof value === 'boolean' ? undefined : 'is true or false'
  }
}

function isBurst(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { enter, leave, loss, ...more } = value as Record<string, unknown>
  return [enter, leave, loss].every(isShare) && Object.keys(more).length === 0
}
