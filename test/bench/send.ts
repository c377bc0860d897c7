import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { makeClip, writeClip } from './send/clip.ts'
import { missingForPion, type Sender, senders } from './send/senders.ts'
import { type Measured, openStage } from './send/stage.ts'

export type SendOptions = { viewers: readonly number[]; rounds: number }

/** A camera of 1280×720 at 25 pictures a second. */
const CLIP_BPS = 2_030_000
/** Until a sender that looks for what a link carries has found it. */
const WARM_MS = 10_000
const WINDOW_MS = 5000

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** What sending costs, by the number of viewers, beside other senders on the same machine with the same viewers. */
export async function benchSend({ viewers, rounds }: SendOptions): Promise<string> {
  const folder = tempFolder('bench-send')
  try {
    const clip = join(folder, 'clip')
    writeFileSync(clip, writeClip(makeClip(CLIP_BPS)))
    const missing = missingForPion()
    if (missing) say(missing)
    const all = senders(folder)
    const rows: string[][] = []
    for (const count of viewers) {
      const runs = new Map<Sender, Measured[]>(all.map(sender => [sender, []]))
      // Alternated, so that what else the machine does falls on all of them.
      for (let round = 0; round < rounds; round++)
        for (const [sender, done] of runs) done.push(await run(sender.command(clip), count))
      rows.push(...rowsOf(count, runs))
      for (const row of rowsOf(count, runs)) say(row.join('  '))
    }
    return text([HEAD, ...rows])
  } finally {
    removeTemp(folder)
  }
}

async function run(command: readonly string[], viewers: number): Promise<Measured> {
  const stage = openStage(command)
  try {
    await stage.add(viewers)
    stage.play()
    await sleep(WARM_MS)
    return await stage.measure(WINDOW_MS)
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

function text(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows.map(row => row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')).join('\n')
}
