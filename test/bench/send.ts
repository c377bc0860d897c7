import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { makeClip, writeClip } from './send/clip.ts'
import { columns } from './send/columns.ts'
import { findLimit } from './send/limit.ts'
import { missingForPion, type Sender, senders } from './send/senders.ts'
import { type Measured, openStage } from './send/stage.ts'

export type SendOptions = { viewers: readonly number[]; rounds: number; limit: boolean }

/** A camera of 1280×720 at 25 pictures a second. */
const CLIP_BPS = 2_030_000
/** Until a sender that looks for what a link carries has found it, and its code has been run often enough to be fast. */
const WARM_MS = 20_000
const SETTLE_MS = 3000
const WINDOW_MS = 5000

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** What sending costs, by the number of viewers, beside other senders on the same machine with the same viewers. */
export async function benchSend({ viewers, rounds, limit }: SendOptions): Promise<string> {
  const folder = tempFolder('bench-send')
  try {
    const missing = missingForPion()
    if (missing) say(missing)
    const all = senders(folder)
    const costs = await compareCosts(all, folder, viewers, rounds)
    return [costs, ...(limit ? [await findLimit(all, folder, say)] : [])].join('\n\n')
  } finally {
    removeTemp(folder)
  }
}

async function compareCosts(
  all: readonly Sender[],
  folder: string,
  viewers: readonly number[],
  rounds: number,
): Promise<string> {
  const clip = join(folder, 'clip')
  writeFileSync(clip, writeClip(makeClip(CLIP_BPS)))
  const runs = new Map<Sender, Measured[][]>(all.map(sender => [sender, []]))
  // Alternated, so that what else the machine does falls on all of them.
  for (let round = 0; round < rounds; round++)
    for (const [sender, done] of runs) {
      done.push(await run(sender.command(clip), viewers))
      say(`round ${round + 1} of ${rounds}, ${sender.title}: done`)
    }
  const rows = viewers.flatMap((count, level) =>
    rowsOf(
      count,
      new Map([...runs].map(([sender, done]) => [sender, done.flatMap(run => run[level] ?? [])])),
    ),
  )
  return columns([HEAD, ...rows])
}

/** All viewers first, then fewer and fewer: so the code of each sender is warm when there is little to do. */
async function run(command: readonly string[], viewers: readonly number[]): Promise<Measured[]> {
  const stage = openStage(command)
  const measured = new Map<number, Measured>()
  try {
    let here = Math.max(...viewers)
    await stage.add(here)
    stage.play()
    await sleep(WARM_MS)
    for (const count of viewers.toSorted((a, b) => b - a)) {
      if (count < here) {
        stage.drop(here - count)
        here = count
        await sleep(SETTLE_MS)
      }
      measured.set(count, await stage.measure(WINDOW_MS))
    }
    return viewers.flatMap(count => measured.get(count) ?? [])
  } finally {
    await stage.close()
  }
}

const HEAD = [
  'viewers',
  'sender',
  '% of a core',
  'per viewer',
  'us per packet',
  'of stock werift',
  'packets/s',
  'MiB',
  'not authentic',
]

/** CPU for one packet that arrived, in microseconds. */
const perPacket = (runs: readonly Measured[]): number =>
  mean(runs.map(({ cpu, packets }) => (cpu * 1000) / packets))
const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length

function rowsOf(viewers: number, runs: ReadonlyMap<Sender, readonly Measured[]>): string[][] {
  const stock = [...runs].find(([{ name }]) => name === 'stock')?.[1] ?? []
  return [...runs].map(([{ title }, done]) => {
    const core = mean(done.map(({ cpu, ms }) => (100 * cpu) / ms))
    return [
      String(viewers),
      title,
      core.toFixed(1),
      (core / viewers).toFixed(2),
      perPacket(done).toFixed(1),
      (perPacket(done) / perPacket(stock)).toFixed(2),
      mean(done.map(({ packets, ms }) => (packets * 1000) / ms)).toFixed(0),
      mean(done.map(({ stats }) => stats.rssBytes / 2 ** 20)).toFixed(0),
      `${done.reduce((sum, { bad }) => sum + bad, 0)} of ${done.reduce((sum, { checked }) => sum + checked, 0)}`,
    ]
  })
}
