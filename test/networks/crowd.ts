import { setTimeout as sleep } from 'node:timers/promises'
import { createLab, type Lab } from '../netlab/lab.ts'
import { cpuOf, machineTime } from './crowd/child.ts'
import { type CrowdHouse, openCrowdHouse } from './crowd/house.ts'
import type { Opened } from './crowd/messages.ts'
import { machine, table, write } from './report.ts'
import { quantile, seconds } from './statistics.ts'

type Cost = { viewers: number; cameras: number; busy: number }
export type Crowd = { loss: number; results: readonly Opened[]; cost: Cost }

const VIEWERS = 50
const LOSSES = [0, 0.02, 0.05, 0.1, 0.2]
const DELAY_MS = 50
const PATIENCE_MS = 20_000
/** Handshakes are done by then, when all is well: the time in which the machine could be what is slow. */
const RUSH_MS = 2000
/** A camera that heard no goodbye has let a viewer go by then, and signaling has found its way back. */
const REST_MS = 9000

const within = (results: readonly Opened[], limit: number): number =>
  results.filter(({ ms }) => ms !== undefined && ms <= limit).length

/** At 10 %: one in fifty may take longer than five seconds, none longer than ten. */
export function missed({ loss, results }: Pick<Crowd, 'loss' | 'results'>): boolean {
  if (loss !== 0.1) return false
  const late = results.length - within(results, 5000)
  return late > results.length / 50 || within(results, 10_000) < results.length
}

/** Everybody at once, over a line of 100 ms round trip that loses this share each way. */
async function rush(lab: Lab<'cameras' | 'viewers'>, house: CrowdHouse, loss: number): Promise<Crowd> {
  await lab.homes.viewers.line.set({ loss, delay: DELAY_MS })
  await sleep(500)
  const spent = () => ({
    viewers: house.viewers.reduce((sum, { pid }) => sum + cpuOf(pid), 0),
    cameras: house.agents.reduce((sum, { child }) => sum + cpuOf(child.pid ?? 0), 0),
  })
  const [before, clock] = [spent(), machineTime()]
  const opened = house.viewers.map(each => each.hears('opened'))
  for (const each of house.viewers) each.send({ do: 'open', patience: PATIENCE_MS })
  await sleep(RUSH_MS)
  const [after, later] = [spent(), machineTime()]
  const results = (await Promise.all(opened)).flatMap(each => each.results)
  await lab.homes.viewers.line.set({ loss: 0 })
  await sleep(REST_MS)
  const cost = {
    viewers: after.viewers - before.viewers,
    cameras: after.cameras - before.cameras,
    busy: (later.busy - clock.busy) / (later.all - clock.all),
  }
  return { loss, results, cost }
}

/** Each share of loss in turn, after one opening of all that is not counted: code runs slower the first time. */
export async function measureCrowd(
  losses: readonly number[],
  viewers: number,
  say: (line: string) => void = () => undefined,
): Promise<Crowd[]> {
  const lab = await createLab({ homes: { cameras: {}, viewers: {} }, seed: 'crowd' })
  try {
    const house = await openCrowdHouse(lab, viewers)
    try {
      await rush(lab, house, 0)
      const crowds: Crowd[] = []
      for (const loss of losses) {
        const crowd = await rush(lab, house, loss)
        crowds.push(crowd)
        say(`${row(crowd).join('  ')}${missed(crowd) ? '  MISSED' : ''}`)
        if (missed(crowd)) for (const late of lateOnes(crowd)) say(`  late: ${late}`)
      }
      return crowds
    } finally {
      await house.close()
    }
  } finally {
    await lab.close()
  }
}

/** What the late ones waited for. */
const lateOnes = ({ results }: Crowd): string[] =>
  results
    .filter(({ ms = PATIENCE_MS }) => ms > 5000)
    .map(({ ms, steps }) => `${ms ? Math.round(ms) : 'never'}: ${steps.join(', ')}`)

function row({ loss, results, cost }: Crowd): string[] {
  const live = results.flatMap(({ ms }) => ms ?? [])
  const again = results.reduce((sum, { failed }) => sum + failed.length, 0)
  return [
    `${loss * 100} %`,
    ...[0.5, 0.9, 0.99].map(share => seconds(quantile(live, share))),
    ...[5000, 10_000].map(limit => `${within(results, limit)} of ${results.length}`),
    String(again),
    `${seconds(cost.viewers)}, ${seconds(cost.cameras)}`,
    `${Math.round(cost.busy * 100)} %`,
  ]
}

const HEAD = [
  'loss',
  'median',
  'p90',
  'p99',
  'within 5 s',
  'within 10 s',
  'tries that failed',
  'CPU of viewers, of cameras',
  'machine busy',
]

/** So many viewers at each loss; false when at 10 % more than one in fifty takes over 5 s, or any over 10 s. */
export async function reportCrowd(viewers = VIEWERS): Promise<boolean> {
  const crowds = await measureCrowd(LOSSES, viewers, line => process.stdout.write(`${line}\n`))
  write(
    'crowd',
    [
      `${machine()}. ${viewers} viewers at the same moment. Loss each way, 100 ms round trip. CPU: of the first two seconds, in which handshakes are made; busy: all cores of the machine in that time.\n`,
      table(HEAD, crowds.map(row)),
    ].join('\n'),
  )
  return crowds.every(crowd => !missed(crowd))
}
