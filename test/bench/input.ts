import { setTimeout as sleep } from 'node:timers/promises'
import { measureChallenges } from './input/challenge.ts'
import { faultsOf, watchPictures } from './input/health.ts'
import { type Figures, judgeInput, type Memory, quantile, type Stretch, UNLOADED } from './input/judge.ts'
import { type Amounts, LONG, SHORT } from './input/load.ts'
import { LOADS, type LoadName } from './input/loads.ts'
import { PER_SECOND } from './input/media-loads.ts'
import { settle, watchMemory } from './input/memory.ts'
import { openStage, type Stage } from './input/stage.ts'
import { columns } from './table.ts'

export type InputOptions = { long: boolean; seed: number; only?: readonly LoadName[]; amounts?: Amounts }

/** Bad input of every kind against a real server and a real camera; what did not hold is in `faults`. */
export async function runInput(options: InputOptions): Promise<{ figures: Figures; faults: string[] }> {
  const amounts = options.amounts ?? (options.long ? LONG : SHORT)
  const names = options.only ?? (Object.keys(LOADS) as LoadName[])
  const stage = await openStage({ amounts, seed: options.seed })
  try {
    const figures = await measure(stage, { ...options, amounts, names })
    return { figures, faults: judgeInput(figures) }
  } finally {
    await stage.close()
  }
}

/** Of a few hundred challenges a handful decide, and a busy machine takes that long to turn round. */
const SHORT_GRACE_MS = 200

type Plan = { long: boolean; amounts: Amounts; names: readonly LoadName[] }

async function measure(stage: Stage, { long, amounts, names }: Plan): Promise<Figures> {
  const { signaling, agent, device } = stage
  const pids = { signaling: signaling.child.pid ?? 0, agent: agent.child.pid ?? 0 }
  const memory = watchMemory(pids)
  const pictures = watchPictures(stage.viewers)
  const seconds = long ? 15 : 1
  const samples = long ? 300 : 25

  async function stretch(load: string, work: Promise<string>): Promise<Stretch> {
    pictures.take()
    memory.take()
    let sent: string | undefined
    const end = performance.now() + seconds * 1000
    const ended = work.then(words => {
      sent = words
    })
    ended.catch(() => undefined)
    const challenges = await measureChallenges(signaling.origin, device, done => {
      const over = performance.now() > end && done >= samples
      if (over) stage.enough()
      return over && sent !== undefined
    })
    await ended
    return { load, sent: sent ?? '', challenges, peak: memory.take(), pictureGap: pictures.take() }
  }
  const quiet = (): Promise<Stretch> => stretch(UNLOADED, Promise.resolve(''))
  const work = (name: LoadName): Promise<string> =>
    name === 'strange packets'
      ? Promise.all([stage.load(name), stage.flood(amounts.packets / 2, PER_SECOND / 2)]).then(both =>
          [...both, `the kernel dropped ${stage.dropped()}`].join(', '),
        )
      : stage.load(name)

  // Compiled, with its caches filled and its heap grown to the size of its work: then it counts.
  await quiet()
  const stretches: Stretch[] = [await quiet()]
  const before = stretches[0]?.peak as Memory
  for (const name of names) {
    stretches.push(await stretch(name, work(name)))
    await sleep(long ? 2000 : 100)
  }
  stretches.push(await quiet())
  if (names.length > 1)
    stretches.push(
      await stretch(
        'all at once',
        Promise.all(names.map(work)).then(() => 'all of it'),
      ),
    )
  const after = await settle(pids, before, long ? 90_000 : 15_000)
  stretches.push(await quiet())
  memory.close()
  return { stretches, before, after, faults: faultsOf(stage), grace: long ? 0 : SHORT_GRACE_MS }
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(0)

export function describeInput({ stretches, before, after }: Figures): string {
  const rows = stretches.map(({ load, challenges, peak, pictureGap }) => [
    load,
    String(challenges.length),
    ...[0.5, 0.99].map(q => quantile(challenges, q).toFixed(1)),
    mb(peak.signaling),
    mb(peak.agent),
    pictureGap.toFixed(0),
  ])
  const heads = ['load', 'challenges', 'p50 ms', 'p99 ms', 'server MB', 'agent MB', 'picture gap ms']
  const rest = [
    `memory before and after: server ${mb(before.signaling)} and ${mb(after.signaling)} MB, agent ${mb(before.agent)} and ${mb(after.agent)} MB`,
    ...stretches.filter(each => each.sent !== '').map(each => `${each.load}: ${each.sent}`),
  ]
  return `${columns([heads, ...rows])}\n\n${rest.join('\n')}`
}

/** For the bench: the table, and a line for each promise that did not hold. */
export async function benchInput(options: { seed: number; short?: boolean }): Promise<string> {
  const { figures, faults } = await runInput({ long: !options.short, seed: options.seed })
  if (faults.length > 0) process.exitCode = 1
  const verdict =
    faults.length > 0 ? faults.map(each => `DOES NOT HOLD: ${each}`).join('\n') : 'All of it holds.'
  return `seed ${options.seed}\n${describeInput(figures)}\n\n${verdict}`
}
