import { CELLS, type GridCell, type GridResult, type GridTimes, measureGrid, WHOLE } from './grid.ts'
import { machine, table, write } from './report.ts'

const HEAD = [
  'line',
  'frames',
  'foreign',
  'per s',
  'longest gap',
  'gaps > 0.5 s',
  'latency p50, p95',
  'use',
  'queue',
]

const line = ({ loss, burst, rtt, kbit }: GridResult): string =>
  `${loss * 100} %${burst ? ' in bursts' : ''}, ${rtt} ms, ${kbit} kbit/s`

const row = (result: GridResult): string[] => [
  line(result),
  String(result.frames),
  String(result.foreign),
  result.fps.toFixed(1),
  `${Math.round(result.longest)} ms`,
  String(result.freezes),
  `${Math.round(result.latency.p50)}, ${Math.round(result.latency.p95)} ms`,
  `${Math.round(result.use * 100)} %`,
  `${Math.round(result.queue)} ms`,
]

const FREEZE = { loss: 0.05, rtt: 100, kbit: 1000 }
const SLOW_KBIT = 64
const SLOW_RTT = 300
const SLOW_LOSS = 0.01
const USE = 0.8
const QUEUE_MS = 200

/** What the cell asks for beyond its own camera's frames; undefined where nothing is asked, or all is met. */
export function missed(result: GridResult): string | undefined {
  const { loss, rtt, kbit, burst, use, queue } = result
  if (result.foreign > 0) return 'foreign frames'
  if (kbit === SLOW_KBIT && rtt <= SLOW_RTT && loss <= SLOW_LOSS && result.longest > 2000)
    return 'no picture for two seconds'
  if (burst || loss !== FREEZE.loss || rtt !== FREEZE.rtt || kbit !== FREEZE.kbit) return undefined
  const faults = [
    ...(result.freezes > 0 ? ['a freeze over 500 ms'] : []),
    ...(use < USE ? [`less than ${USE * 100} % of the line used`] : []),
    ...(queue > QUEUE_MS ? [`a queue of more than ${QUEUE_MS} ms`] : []),
  ]
  return faults.length > 0 ? faults.join(', ') : undefined
}

/** Ten seconds after five to settle say how it looks, and are too short to judge a figure by. */
const foreign = (result: GridResult): string | undefined =>
  result.foreign > 0 ? 'foreign frames' : undefined

type Grid = {
  section: string
  cells: readonly GridCell[]
  times: GridTimes
  judge: (result: GridResult) => string | undefined
  asked: string[]
  order?: (one: GridResult, other: GridResult) => number
}

async function report({ section, cells, times, judge, asked, order = () => 0 }: Grid): Promise<boolean> {
  const results = await measureGrid(cells, times, result => {
    const why = judge(result)
    process.stdout.write(`${row(result).join('  ')}${why ? `  MISSED: ${why}` : ''}\n`)
  })
  write(
    section,
    [
      `${machine()}. ${times.measure / 1000} s each after ${times.settle / 1000} to settle, 720p at 20 frames a second with grain, Chromium. Loss each way; use: what came out of the line, of what it carries after its loss.`,
      ...asked,
      table(HEAD, results.toSorted(order).map(row)),
    ].join('\n'),
  )
  return results.every(result => judge(result) === undefined)
}

/** Twelve lines, a minute each unless told otherwise. */
export const reportGrid = (seconds = 60): Promise<boolean> =>
  report({
    section: 'grid',
    cells: CELLS,
    times: { settle: 10_000, measure: seconds * 1000 },
    judge: missed,
    asked: [
      'Judged: no foreign frame anywhere; at 5 %, 100 ms, 1000 kbit/s no gap over 0.5 s, use of 80 % at least, a queue of',
      '200 ms at most; at 64 kbit/s, up to 1 % and 300 ms, a picture every 2 s.\n',
    ],
  })

/** 144 lines, ten seconds each. */
export const reportWholeGrid = (): Promise<boolean> =>
  report({
    section: 'whole grid',
    cells: WHOLE,
    times: { settle: 5000, measure: 10_000 },
    judge: foreign,
    asked: ['Judged: no foreign frame anywhere.\n'],
    order(one, other) {
      const bursts = Number(one.burst) - Number(other.burst)
      return one.loss - other.loss || bursts || one.rtt - other.rtt || one.kbit - other.kbit
    },
  })
