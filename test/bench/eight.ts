import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { seededRandom } from '../evil/world.ts'
import { openHouse } from './eight/house.ts'
import { faultsOf, report } from './eight/judge.ts'
import { planHours } from './eight/plan.ts'
import { homeOf, play, type Sample } from './eight/run.ts'
import { sum } from './eight/sample.ts'
import type { Figures } from './eight/tally.ts'

export type EightOptions = {
  visits: number
  hours: number
  seed?: number
  /** the agent reads whatever pipe it is given, and leaves two timers behind with each session: both must be found */
  control?: boolean
}

const RESTS = { most: 100, least: 6 }
const VISITS_A_REST = 20
const SUPPORT = join(import.meta.dirname, '..', 'support')
const CONTROL = {
  CROSSING: 'unchecked',
  WITHOUT_FILE: '/rtc/peer.ts',
  WITHOUT_TEXT: 'clearInterval(watchdog)',
  WITHOUT_REPLACEMENT: 'setInterval(() => undefined, 60_000)',
}

/** Eight cameras of one agent, and the visits of so many hours. @throws when a picture is foreign or something grows */
export async function benchEight(options: EightOptions): Promise<string> {
  const { visits, hours, control = false, seed = randomInt(2 ** 31) } = options
  const random = seededRandom(seed)
  const begin = performance.now()
  const house = await openHouse(randomBytes(32), {
    nodeArgs: ['crossing-process.ts', ...(control ? ['without.ts'] : [])].flatMap(each => [
      '--import',
      join(SUPPORT, each),
    ]),
    ...(control ? { env: CONTROL } : {}),
  })
  try {
    const rests = Math.min(RESTS.most, Math.max(RESTS.least, Math.round(visits / VISITS_A_REST)))
    const plan = planHours(homeOf(house), { visits, hours, rests, random })
    const say = (sample: Sample, figures: Figures) =>
      process.stdout.write(`${progress(sample, figures, performance.now() - begin)}\n`)
    const run = await play(house, plan, { random, say })
    const text = [
      `${visits} visits in ${hours} h, seed ${seed}, ${Math.round((performance.now() - begin) / 1000)} s${control ? ', NO CHECK OF PIPES, TIMERS LEFT' : ''}`,
      report(run),
    ].join('\n')
    const faults = faultsOf(run)
    if (control) return judgeControl(text, faults)
    if (faults.length > 0) throw new Error([text, ...faults].join('\n'))
    return text
  } finally {
    await house.close()
  }
}

function judgeControl(text: string, faults: readonly string[]): string {
  for (const needed of [/FOREIGN/, /not flat: agent: timers/])
    if (!faults.some(each => needed.test(each)))
      throw new Error([text, ...faults, `Not found: ${needed}. This run cannot fail.`].join('\n'))
  return [text, 'found, as it must be:', ...faults].join('\n')
}

function progress({ at, agent, signaling }: Sample, figures: Figures, ms: number): string {
  const time = `${String(Math.floor(at / 3600)).padStart(2, '0')}:${String(Math.floor(at / 60) % 60).padStart(2, '0')}`
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(1)
  return [
    `${time} (${Math.round(ms / 1000)} s)`,
    `${figures.visits} visits`,
    `${figures.own} pictures, ${figures.foreign} foreign`,
    `agent ${mb(agent.heap + agent.outside)} MB of ${mb(agent.rss)}, ${sum(agent.files)} files, ${sum(agent.resources)} handles, ${agent.children} children`,
    `signaling ${mb(signaling.heap + signaling.outside)} MB of ${mb(signaling.rss)}, ${sum(signaling.files)} files`,
  ].join('; ')
}
