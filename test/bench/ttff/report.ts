import { columns, type Series, spread, table } from '../table.ts'
import { CLIP_WORDS } from './clip.ts'
import type { Comparison } from './compare.ts'
import { OURS, OURS_UNPREPARED } from './ours.ts'
import { PHASES } from './phases.ts'
import type { Measured } from './ways.ts'

/** What the product is held to. */
const LIMITS = { best: 1.2, werift: 0.6, unprepared: 0.8 } as const

const wholeOf = ({ name, runs }: Measured): Series => ({
  name,
  values: runs.map(({ tap = Number.NaN, painted = Number.NaN }) => painted - tap),
})
const medianOf = (measured: Measured): number => spread(wholeOf(measured).values).median
const byName = (all: readonly Measured[], name: string): Measured =>
  all.find(each => each.name === name) ?? { name, runs: [] }

export function reportComparison({ measured, noPion }: Comparison): string {
  const count = measured[0]?.runs.length ?? 0
  return [
    `${count} taps of each, by turns; ${CLIP_WORDS}; the source runs; a tap at any moment between two key frames`,
    comparisonTable(measured),
    ...(noPion ? [`Pion is not measured: ${noPion}`] : []),
    limits(measured),
    'where the time goes when nothing is prepared:',
    phases(byName(measured, OURS_UNPREPARED)),
  ].join('\n\n')
}

function comparisonTable(measured: readonly Measured[]): string {
  const ours = [OURS, OURS_UNPREPARED].map(name => medianOf(byName(measured, name)))
  const rows = measured.map(each => {
    const { min, median, p90, max } = spread(wholeOf(each).values)
    const shares = ours.map(one => (one / median).toFixed(2))
    return [each.name, ...[min, median, p90, max].map(value => value.toFixed(1)), ...shares]
  })
  const head = [
    'ms from tap to first frame',
    'min',
    'median',
    'p90',
    'max',
    'prepared / it',
    'unprepared / it',
  ]
  return columns([head, ...rows])
}

function limits(measured: readonly Measured[]): string {
  const plain = measured.filter(({ name }) => name.startsWith('plain')).map(wholeOf)
  const best = plain.reduce((one, other) =>
    spread(other.values).median < spread(one.values).median ? other : one,
  )
  const stock = plain.filter(({ name }) => name.startsWith('plain werift'))
  const [prepared, unprepared] = [OURS, OURS_UNPREPARED].map(name => medianOf(byName(measured, name))) as [
    number,
    number,
  ]
  const median = ({ values }: Series): number => spread(values).median
  const judged = (what: string, ratio: number, limit: number): string[] => [
    what,
    ratio.toFixed(2),
    `at most ${limit}`,
    ratio <= limit ? 'held' : 'MISSED',
  ]
  return columns([
    ['ratio of medians', '', '', ''],
    judged(`${OURS} / the best plain one (${best.name})`, prepared / median(best), LIMITS.best),
    ...stock.map(each => judged(`${OURS} / ${each.name}`, prepared / median(each), LIMITS.werift)),
    judged(`${OURS} / ${OURS_UNPREPARED}`, prepared / unprepared, LIMITS.unprepared),
    // Beside the limits: a tap that comes before anything is prepared.
    ...stock.map(each => [
      `${OURS_UNPREPARED} / ${each.name}`,
      (unprepared / median(each)).toFixed(2),
      '',
      '',
    ]),
  ])
}

/** @param measured of the product with nothing prepared: all its moments lie behind the tap */
export function phases({ runs }: Measured): string {
  const names = Object.keys(PHASES)
  // `unmute` is a task of the page's main thread and may run after the first frame's: the packet came before.
  const all = runs.map(run => ({ ...run, 'first-rtp': Math.min(run['first-rtp'] ?? 0, run.painted ?? 0) }))
  const between = (from: string, to: string): number[] =>
    all.map((run: Measured['runs'][number]) => (run[to] ?? Number.NaN) - (run[from] ?? Number.NaN))
  const series = names.slice(1).map((moment, i) => ({
    name: PHASES[moment] ?? '',
    values: between(names[i] ?? 'tap', moment),
  }))
  return table(series, { name: 'tap to first frame', values: between('tap', 'painted') })
}
