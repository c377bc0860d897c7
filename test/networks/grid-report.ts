import { CELLS, type GridResult, measureGrid, WHOLE } from './grid.ts'
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

/** What the cell asks for beyond its own camera's frames; undefined where nothing is asked. */
export function missed(result: GridResult): string | undefined {
  const { loss, rtt, kbit, burst } = result
  if (result.foreign > 0) return 'foreign frames'
  if (loss === 0.05 && rtt === 100 && kbit === 1000 && !burst && result.freezes > 0)
    return 'a freeze over 500 ms'
  if (kbit === 64 && rtt <= 300 && loss <= 0.01 && result.longest > 2000) return 'no picture for two seconds'
  return undefined
}

async function report(
  section: string,
  cells: Parameters<typeof measureGrid>[0],
  ms: number,
): Promise<boolean> {
  const results = await measureGrid(cells, ms, result => {
    const why = missed(result)
    process.stdout.write(`${row(result).join('  ')}${why ? `  MISSED: ${why}` : ''}\n`)
  })
  write(
    section,
    [
      `${machine()}. ${ms / 1000} s each after ten to settle, 720p at 20 frames a second with grain, Chromium. Loss each way; use: what came out of the line, of what it carries after its loss.\n`,
      table(HEAD, results.map(row)),
    ].join('\n'),
  )
  return results.every(result => missed(result) === undefined)
}

/** Twelve lines, a minute each unless told otherwise. */
export const reportGrid = (seconds = 60): Promise<boolean> => report('grid', CELLS, seconds * 1000)
/** 144 lines, ten seconds each. */
export const reportWholeGrid = (): Promise<boolean> => report('whole grid', WHOLE, 10_000)
