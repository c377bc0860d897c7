/** How a figure went through a run: its first quarter against its last, and its trend. */
export type Course = {
  readonly first: number
  readonly last: number
  /** last against first, as a share: 0.1 is a tenth more */
  readonly change: number
  /** of the straight line through all of it (least squares), from its beginning to its end, as a share of its beginning */
  readonly trend: number
}

/** @param values in order, evenly spaced; four at least */
export function courseOf(values: readonly number[]): Course {
  if (values.length < 4) throw new RangeError('too few values to say how they go')
  const quarter = Math.floor(values.length / 4)
  const first = mean(values.slice(0, quarter))
  const last = mean(values.slice(-quarter))
  const { begin, end } = lineThrough(values)
  return { first, last, change: share(first, last), trend: share(begin, end) }
}

/** Neither more nor, in what is counted, less. */
export const isFlat = ({ change, trend }: Course, within: number): boolean =>
  Math.abs(change) <= within && Math.abs(trend) <= within

/** What shrinks is no leak. */
export const hasNotGrown = ({ change, trend }: Course, within: number): boolean =>
  change <= within && trend <= within

const mean = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length

const share = (from: number, to: number): number => (from === to ? 0 : to / from - 1)

function lineThrough(values: readonly number[]): { begin: number; end: number } {
  const middle = (values.length - 1) / 2
  const height = mean(values)
  let above = 0
  let below = 0
  for (const [i, value] of values.entries()) {
    above += (i - middle) * (value - height)
    below += (i - middle) ** 2
  }
  const slope = above / below
  return { begin: height - slope * middle, end: height + slope * middle }
}
