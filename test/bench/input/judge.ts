/** What one stretch of the run showed. Times in ms, memory in bytes. */
export type Stretch = {
  readonly load: string
  /** what was sent, for the table */
  readonly sent: string
  readonly challenges: readonly number[]
  /** highest resident memory of each process in it */
  readonly peak: Memory
  /** longest time without a new frame at an honest viewer */
  readonly pictureGap: number
}
export type Memory = { readonly signaling: number; readonly agent: number }
export type Figures = {
  readonly stretches: readonly Stretch[]
  readonly before: Memory
  readonly after: Memory
  /** A challenge this quick, in ms, is quick enough whatever it took without a load; nothing in a full run. */
  readonly grace?: number
  /** a line for each process that ended, each fault that a log tells of, each session that ended */
  readonly faults: readonly string[]
}

/** Of fewer, the 99th percentile is little more than the worst: they are judged together. */
const ENOUGH = 300
const TIMES = 10
const GROWTH_MAX = 100e6
/** What is back: garbage collectors and allocators keep a little, a leak grows with the load. */
export const KEPT_MAX = 50e6
/** A viewer calls a picture stalled after that. */
const GAP_MAX_MS = 2500

export const UNLOADED = 'nothing'

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

const all = (stretches: readonly Stretch[]): number[] => stretches.flatMap(each => each.challenges)
const ms = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(1)} ms` : 'no answer')
const mb = (value: number): string => `${(value / 1e6).toFixed(0)} MB`

/** What of the promise about bad input did not hold: one sentence each, none when it held. */
export function judgeInput({ stretches, before, after, faults, grace = 0 }: Figures): string[] {
  const loaded = stretches.filter(each => each.load !== UNLOADED)
  const unloaded = quantile(all(stretches.filter(each => each.load === UNLOADED)), 0.99)
  const limit = Math.max(TIMES * unloaded, grace)
  const found = [...faults]
  if (!(unloaded > 0 && Number.isFinite(unloaded))) found.push('no challenge was answered without a load')
  const judge = (load: string, challenges: readonly number[]): void => {
    const p99 = quantile(challenges, 0.99)
    if (!(p99 <= limit))
      found.push(`${load}: p99 of an honest challenge ${ms(p99)}, at most ${ms(limit)} allowed`)
  }
  judge('all loads', all(loaded))
  for (const each of loaded) {
    if (each.challenges.length >= ENOUGH) judge(each.load, each.challenges)
    if (each.challenges.length === 0) found.push(`${each.load}: no challenge was measured`)
    if (each.pictureGap > GAP_MAX_MS)
      found.push(`${each.load}: an honest viewer had no new frame for ${ms(each.pictureGap)}`)
  }
  for (const who of ['signaling', 'agent'] as const) {
    const most = Math.max(...stretches.map(each => each.peak[who]))
    if (most - before[who] > GROWTH_MAX) found.push(`${who}: memory grew by ${mb(most - before[who])}`)
    if (after[who] - before[who] > KEPT_MAX)
      found.push(`${who}: ${mb(after[who] - before[who])} more memory afterwards than before`)
  }
  return found
}
