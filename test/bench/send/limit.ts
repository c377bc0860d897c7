import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeClip, writeClip } from './clip.ts'
import { columns } from './columns.ts'
import type { Sender } from './senders.ts'
import { type Measured, openStage } from './stage.ts'

/** A camera of 1920×1080 at 25 pictures a second: fewer viewers are enough to fill a core with it. */
const CLIP_BPS = 6_000_000
const STEP = 10
const VIEWERS_MAX = 400
const SETTLE_MS = 6000
/** The same for the most and for twice that: the best of many short windows would be luck. */
const WINDOW_MS = 6000
/** After many at once: until those who came last are whole again, and their links found out. */
const CALM_MS = 15_000
/** Of its most, delivered to those it keeps, when twice as many ask. */
const LEAST = 0.9
/** Less than this part of the best so far, or of what was asked for: the limit lies behind. */
const BEHIND = 0.85
const BUSY = 0.95

type Level = { viewers: number; measured: Measured }
const rate = ({ packets, ms }: Measured): number => (packets * 1000) / ms

/**
 * More and more viewers of each sender, everybody taken, up to the point where more of them get less. Then the agent as
 * it is, asked by twice as many as it could serve at most.
 */
export async function findLimit(
  all: readonly Sender[],
  folder: string,
  say: (line: string) => void,
): Promise<string> {
  const clip = join(folder, 'large-clip')
  writeFileSync(clip, writeClip(makeClip(CLIP_BPS)))
  const rows: string[][] = []
  const tails: string[] = []
  for (const sender of all) {
    const levels = await climb(sender.command(clip, 'everybody'), level => say(lineOf(sender, level)))
    if (levels.length === 0) {
      tails.push(`${sender.title}: answers nobody any more before ${STEP} viewers are there`)
      continue
    }
    const best = levels.reduce((most, level) => (rate(level.measured) > rate(most.measured) ? level : most))
    rows.push(rowOf(sender, best))
    const again = (): Promise<number> => most(sender.command(clip, 'everybody'), best)
    const before = await again()
    const twice = await askTwice(sender.command(clip), 2 * best.viewers)
    tails.push(tailOf(sender, { before, after: await again(), best: rate(best.measured) }, twice))
    say(tails.at(-1) ?? '')
  }
  return [columns([HEAD, ...rows]), ...tails].join('\n')
}

async function climb(command: readonly string[], tell: (level: Level) => void): Promise<Level[]> {
  const stage = openStage(command)
  const levels: Level[] = []
  try {
    stage.play()
    for (let viewers = STEP; viewers <= VIEWERS_MAX; viewers += STEP) {
      await stage.add(STEP)
      await sleep(SETTLE_MS)
      const level = { viewers, measured: await stage.measure(WINDOW_MS) }
      levels.push(level)
      tell(level)
      const best = Math.max(...levels.map(({ measured }) => rate(measured)))
      const asked = (rate((levels[0] as Level).measured) / STEP) * viewers
      if (rate(level.measured) < BEHIND * Math.min(best, asked)) break
    }
    return levels
  } catch {
    // A sender that has collapsed answers nobody any more.
    return levels
  } finally {
    await stage.close()
  }
}

/**
 * What the best level gives in a new process, packets/s. What is compared with it is measured between two of these: this
 * machine is a third faster at one moment than at another, and the best of many levels is that of such a moment.
 */
async function most(command: readonly string[], best: Level): Promise<number> {
  const stage = openStage(command)
  try {
    stage.play()
    await stage.add(best.viewers)
    await sleep(CALM_MS)
    return rate(await stage.measure(WINDOW_MS))
  } catch {
    // It does not get there at once: what it had when its viewers came one after another.
    return rate(best.measured)
  } finally {
    await stage.close()
  }
}

type Twice = { asked: number; refused: ReadonlyMap<number, string>; measured: Measured | undefined }

async function askTwice(command: readonly string[], asked: number): Promise<Twice> {
  const stage = openStage(command)
  try {
    stage.play()
    const refused = await stage.add(asked)
    await sleep(CALM_MS)
    return { asked, refused, measured: await stage.measure(WINDOW_MS) }
  } catch {
    return { asked, refused: new Map(), measured: undefined }
  } finally {
    await stage.close()
  }
}

const HEAD = ['sender', 'viewers', 'packets/s', 'us per packet', '% of a core', 'the viewers, % of a core']

const figures = ({ viewers, measured }: Level): string[] => [
  String(viewers),
  rate(measured).toFixed(0),
  ((measured.cpu * 1000) / measured.packets).toFixed(1),
  ((100 * measured.cpu) / measured.ms).toFixed(0),
  ((100 * measured.receiversCpu) / measured.ms).toFixed(0),
]
const rowOf = ({ title }: Sender, level: Level): string[] => [title, ...figures(level)]
const lineOf = ({ title }: Sender, level: Level): string => {
  const [viewers, packets, each, core, theirs] = figures(level)
  const limit = level.measured.receiversCpu / level.measured.ms > BUSY ? ' (the viewers are the limit)' : ''
  return `${title}: ${viewers} viewers, ${packets} packets/s, ${each} us each, ${core} % of a core, the viewers ${theirs} %${limit}`
}

function tailOf(
  { name, title }: Sender,
  { before, after, best }: { before: number; after: number; best: number },
  { asked, refused, measured }: Twice,
): string {
  if (!measured) return `${title}, asked by ${asked}: answers nobody any more`
  const part = rate(measured) / ((before + after) / 2)
  const judged = name === 'ours' ? ` (at least ${100 * LEAST} %: ${part < LEAST ? 'MISSED' : 'held'})` : ''
  const { each, stats } = measured
  const least = Math.min(...each) / (measured.ms / 1000)
  const why = new Map<string, number>()
  for (const reason of refused.values()) why.set(reason, (why.get(reason) ?? 0) + 1)
  const told =
    [...why].map(([reason, count]) => `${count} were told "${reason}"`).join(', ') || 'nobody refused'
  const ids = [...refused.keys()].toSorted((a, b) => a - b)
  return [
    `${title}, asked by ${asked}: ${each.length} kept, ${rate(measured).toFixed(0)} packets/s, ${percent(part)} of its most${judged},`,
    `  which was ${before.toFixed(0)} just before and ${after.toFixed(0)} just after; ${percent(rate(measured) / best)} of the best level;`,
    `  the least of them ${least.toFixed(0)} packets/s, ${stats.shed} sent key pictures only; ${told}`,
    ...(ids.length > 0 ? [`  refused: ${ranges(ids)}`] : []),
  ].join('\n')
}

const percent = (part: number): string => `${(100 * part).toFixed(0)} %`

/** 1, 2, 3, 7 as "1-3, 7" */
function ranges(ids: readonly number[]): string {
  const runs: [number, number][] = []
  for (const id of ids) {
    const last = runs.at(-1)
    if (last && last[1] === id - 1) last[1] = id
    else runs.push([id, id])
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ')
}
