import { CELLS, type GridResult, type GridTimes, measureGrid, WHOLE } from './grid.ts'
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

async function report(
  section: string,
  cells: Parameters<typeof measureGrid>[0],
  times: GridTimes,
): Promise<boolean> {
  const results = await measureGrid(cells, times, result => {
    const why = missed(result)
    process.stdout.write(`${row(result).join('  ')}${why ? `  MISSED: ${why}` : ''}\n`)
  })
  write(
    section,
    [
      `${machine()}. ${times.measure / 1000} s each after ${times.settle / 1000} to settle, 720p at 20 frames a second with grain, Chromium. Loss each way; use: what came out of the line, of what it carries after its loss.`,
      'Judged: no foreign frame anywhere; at 5 %, 100 ms, 1000 kbit/s no gap over 0.5 s, use of 80 % at least, a queue of',
      '200 ms at most; at 64 kbit/s, up to 1 % and 300 ms, a picture every 2 s.\n',
      table(HEAD, results.map(row)),
    ].join('\n'),
  )
  return results.every(result => missed(result) === undefined)
}

/** Twelve lines, a minute each unless told otherwise. */
export const reportGrid = (seconds = 60): Promise<boolean> =>
  report('grid', CELLS, { settle: 10_000, measure: seconds * 1000 })
/** 144 lines, ten seconds each. */
export const reportWholeGrid = (): Promise<boolean> =>
  report('whole grid', WHOLE, { settle: 7000, measure: 10_000 })
