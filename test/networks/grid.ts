import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { createLab, type Lab } from '../netlab/lab.ts'
import { bursty } from '../netlab/link-settings.ts'
import { takeMarks } from '../support/app.ts'
import { openMarkedView } from './marked-view.ts'
import { quantile } from './statistics.ts'

/** loss: share, each way; rtt: ms; kbit: of the line to the viewer */
export type GridCell = { loss: number; burst: boolean; rtt: number; kbit: number }
export type GridResult = GridCell & {
  frames: number
  foreign: number
  fps: number
  /** longest time without a new picture, and how many were longer than half a second; ms */
  longest: number
  freezes: number
  /** beyond what the same page needs on a perfect line, by the number drawn in the picture; ms */
  latency: { p50: number; p95: number }
  /** what came out of the line, of what it carries after its loss */
  use: number
  /** most that anything waited for the line, ms */
  queue: number
}

const FREEZE_MS = 500

export const CELLS: readonly GridCell[] = [
  cell(0, 20, 4000),
  cell(0.01, 20, 4000),
  cell(0.01, 100, 1000),
  cell(0.05, 100, 1000),
  cell(0.05, 100, 1000, true),
  cell(0.1, 100, 1000),
  cell(0.2, 100, 1000),
  cell(0.01, 300, 1000),
  cell(0.05, 300, 300),
  cell(0.01, 800, 1000),
  cell(0.05, 100, 300),
  cell(0.01, 100, 64),
]

const RTTS = [20, 100, 300, 800]
const KBITS = [64, 300, 1000, 4000]

/**
 * Every loss, random and in bursts, with every round trip and every rate. Rates rise and fall in turn: with the same loss
 * only one thing changes at a time, and there is little to settle.
 */
export const WHOLE: readonly GridCell[] = [0, 0.01, 0.05, 0.1, 0.2].flatMap(loss =>
  (loss === 0 ? [false] : [false, true]).flatMap((burst, i) => {
    const rtts = i === 0 ? RTTS : RTTS.toReversed()
    return rtts.flatMap((rtt, j) =>
      (j % 2 === 0 ? KBITS.toReversed() : KBITS).map(kbit => cell(loss, rtt, kbit, burst)),
    )
  }),
)

function cell(loss: number, rtt: number, kbit: number, burst = false): GridCell {
  return { loss, burst, rtt, kbit }
}

/** How long the line has to settle, and how long it is measured then, ms. */
export type GridTimes = { readonly settle: number; readonly measure: number }

/**
 * Watches through each cell in turn: the line becomes what the cell says, settles, and is measured. A view that ended
 * comes back by itself, as it would for anybody.
 */
export async function measureGrid(
  cells: readonly GridCell[],
  times: GridTimes,
  onResult: (result: GridResult) => void,
): Promise<GridResult[]> {
  const lab = await createLab({ homes: { camera: {}, viewer: {} }, seed: 'grid' })
  try {
    const { house, isOwn, lateness } = await openMarkedView(lab)
    try {
      const results: GridResult[] = []
      for (const each of cells) {
        const { marks, ...figures } = await measureCell(house.page, lab, each, times)
        const late = marks.map(lateness)
        const latency = { p50: quantile(late, 0.5), p95: quantile(late, 0.95) }
        const foreign = marks.filter(mark => !isOwn(mark)).length
        const result = { ...each, ...figures, frames: marks.length, foreign, latency }
        results.push(result)
        onResult(result)
      }
      return results
    } finally {
      await house.close()
    }
  } finally {
    await lab.close()
  }
}

async function measureCell(
  page: Page,
  lab: Lab<'camera' | 'viewer'>,
  each: GridCell,
  { settle, measure }: GridTimes,
) {
  const { line } = lab.homes.viewer
  const loss = each.burst ? { loss: 0, burst: bursty(each.loss, 4) } : { loss: each.loss, burst: null }
  await line.set({ ...loss, delay: each.rtt / 2, rate: each.kbit })
  await sleep(settle)
  await takeMarks(page)
  const before = (await line.statistics()).down.out.bytes
  const start = await page.evaluate(() => performance.now())
  await sleep(measure)
  const end = await page.evaluate(() => performance.now())
  const { marks } = await takeMarks(page)
  const { down } = await line.statistics()
  const times = [start, ...marks.map(({ at }) => at), end]
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? at))
  const carried = (each.kbit * (1 - each.loss) * (end - start)) / 8
  return {
    marks,
    fps: (marks.length * 1000) / (end - start),
    longest: Math.max(...gaps),
    freezes: gaps.filter(gap => gap > FREEZE_MS).length,
    use: (down.out.bytes - before) / carried,
    queue: down.queue.peak,
  }
}
