import type { Seen, Visit } from './messages.ts'

/** What was seen in all visits of a run. */
export type Figures = {
  visits: number
  /** of those that nothing stood in the way of */
  expected: number
  served: number
  own: number
  foreign: number
  unread: number
  heard: { own: number; foreign: number; nothing: number }
  codes: { [code: string]: number }
  mishaps: { [kind: string]: number }
  /** how often a camera said that it lost its server */
  offline: number
  /** visits that should have been served, in a line each */
  unserved: string[]
  /** mishaps that did not do what they should, and what was not made good */
  faults: string[]
}

export const noFigures = (): Figures => ({
  visits: 0,
  expected: 0,
  served: 0,
  own: 0,
  foreign: 0,
  unread: 0,
  heard: { own: 0, foreign: 0, nothing: 0 },
  codes: {},
  mishaps: {},
  offline: 0,
  unserved: [],
  faults: [],
})

/** @param calm nothing went wrong in its moment */
export function count(figures: Figures, visit: Visit, seen: Seen, calm: boolean): void {
  figures.visits++
  figures.own += seen.own
  figures.foreign += seen.foreign
  figures.unread += seen.unread
  if (seen.heard) figures.heard[seen.heard]++
  // Who leaves before there is a session does not say why there is none.
  const isRude = visit.leave === 'cancelled' || visit.leave === 'absent'
  const code = isRude ? visit.leave : seen.code
  if (code) figures.codes[code] = (figures.codes[code] ?? 0) + 1
  if (!calm || visit.frames === undefined || isRude) return
  figures.expected++
  if (seen.own >= visit.frames && seen.code === undefined && seen.heard !== 'nothing') figures.served++
  else figures.unserved.push(`${JSON.stringify(visit)} ${JSON.stringify(seen)}`)
}
