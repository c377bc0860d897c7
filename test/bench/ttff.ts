import { measureCold } from './ttff/cold.ts'
import { compare } from './ttff/compare.ts'
import { measureConfirm, reportConfirm } from './ttff/confirm.ts'
import { reportComparison } from './ttff/report.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Sessions for each round trip time: what is measured there varies little. */
const CONFIRM_RUNS = 10

const isRoot = (): boolean => process.getuid?.() === 0

/**
 * Time to first frame, ours beside plain pairs, and what CONFIRM costs.
 * @returns the tables
 */
export async function ttff({ runs, cold }: { runs: number; cold: boolean }): Promise<string> {
  if (cold) return measureCold(runs)
  const comparison = reportComparison(await compare(runs, say))
  const confirm = isRoot()
    ? reportConfirm(await measureConfirm(Math.min(runs, CONFIRM_RUNS), say))
    : 'what CONFIRM costs over a line with delay is not measured: the network lab needs root'
  return `\n${comparison}\n\n${confirm}`
}
