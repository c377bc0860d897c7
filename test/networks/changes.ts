import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { createLab, type Lab } from '../netlab/lab.ts'
import { takeMarks } from '../support/app.ts'
import { type Drop, fallsShort, firstUnder, foundAt, longestGap, type Size } from './change-figures.ts'
import { type MarkedView, openMarkedView } from './marked-view.ts'
import { machine, table, write } from './report.ts'
import { quantile, seconds } from './statistics.ts'
import { type Beside, besideSlow, costs } from './two-viewers.ts'

const FAST = { delay: 10, rate: 4000 }
const SLOW_KBIT = 300
const TIMES = 3
const SETTLE_MS = 15_000
const LOW_MS = 20_000
const HIGH_MS = 12_000
const SAMPLE_MS = 250

const now = (page: Page): Promise<number> => page.evaluate(() => performance.now())
const widthOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.querySelector('video')?.videoWidth ?? 0)

/** How large the picture is, and how much comes, four times a second for so long. */
async function follow(page: Page, lab: Lab<'camera' | 'viewer'>, ms: number): Promise<Size[]> {
  const sizes: Size[] = []
  const end = performance.now() + ms
  while (performance.now() < end) {
    const { down } = await lab.homes.viewer.line.statistics()
    sizes.push({ at: await now(page), width: await widthOf(page), bytes: down.out.bytes })
    await sleep(SAMPLE_MS)
  }
  return sizes
}

const kbitOf = (sizes: readonly Size[]): number => {
  const [first, last] = [sizes[0], sizes.at(-1)]
  return first && last ? ((last.bytes - first.bytes) * 8) / Math.max(1, last.at - first.at) : 0
}

/** 4 Mbit/s, then 300 kbit/s, then 4 Mbit/s again, in the direction of the viewer and back. */
async function drop({ house, lateness }: MarkedView, lab: Lab<'camera' | 'viewer'>): Promise<Drop> {
  const { page } = house
  const { line } = lab.homes.viewer
  await line.set(FAST)
  await sleep(SETTLE_MS)
  const before = await follow(page, lab, 3000)
  await takeMarks(page)
  await line.set({ rate: SLOW_KBIT })
  const dropped = await now(page)
  const low = await follow(page, lab, LOW_MS)
  await line.set({ rate: FAST.rate })
  const returned = await now(page)
  const high = await follow(page, lab, HIGH_MS)
  const { marks } = await takeMarks(page)
  const late = marks.map(mark => ({ at: mark.at, ms: lateness(mark) }))
  const during = late.filter(({ at }) => at >= dropped && at < returned)
  const usual = { width: before.at(-1)?.width ?? 0, kbit: kbitOf(before) }
  return {
    stall: longestGap(during, dropped, returned),
    back: firstUnder(during, dropped),
    later: quantile(
      during.filter(({ at }) => at > dropped + 5000).map(({ ms }) => ms),
      0.95,
    ),
    found: foundAt(high, returned, usual),
    ...usual,
    low: { width: low.at(-1)?.width ?? 0, kbit: kbitOf(low.slice(-20)) },
  }
}

const ms = (value: number | undefined): string => (value === undefined ? 'never' : seconds(value))

const dropRow = (each: Drop): string[] => [
  `${each.width} wide, ${Math.round(each.kbit)} kbit/s`,
  `${each.low.width} wide, ${Math.round(each.low.kbit)} kbit/s`,
  ms(each.stall),
  ms(each.back),
  `${Math.round(each.later)} ms`,
  ms(each.found),
]

const besideRow = (name: string, each: Beside): string[] => [
  name,
  each.fps.toFixed(1),
  `${Math.round(each.longest)} ms`,
  `${each.width}`,
  `${Math.round(each.kbit)}`,
]

async function measureDrops(): Promise<Drop[]> {
  const lab = await createLab({ homes: { camera: {}, viewer: {} }, seed: 'changes' })
  try {
    const view = await openMarkedView(lab)
    try {
      const drops: Drop[] = []
      while (drops.length < TIMES) {
        const each = await drop(view, lab)
        drops.push(each)
        process.stdout.write(`${dropRow(each).join('  ')}  ${fallsShort(each) ?? ''}\n`)
      }
      return drops
    } finally {
      await view.house.close()
    }
  } finally {
    await lab.close()
  }
}

/** False when a drop stalls the picture, its return is not found, or a slow viewer costs the fast one something. */
export async function reportChanges(): Promise<boolean> {
  const drops = await measureDrops()
  const { alone, beside, slow } = await besideSlow()
  const cost = costs(alone, beside)
  process.stdout.write(`${cost ?? 'the fast one loses nothing'}\n`)
  write(
    'changes',
    [
      `${machine()}. 720p at 20 frames a second with grain, Chromium, 20 ms.\n`,
      'From 4 Mbit/s to 300 kbit/s for 20 s, and back. Stall: longest time without a new picture; latency by the number',
      'drawn in the picture; found: from the return until the picture is as large as before and 70 % as many bits come.',
      'Asked for: a stall under 1 s, latency back in 5 s, the return found in 10 s.\n',
      table(
        [
          'before',
          'at 300 kbit/s',
          'stall',
          'latency under 0.5 s after',
          'p95 of it later than 5 s',
          'return found',
        ],
        drops.map(dropRow),
      ),
      '\nTwo viewers of one camera: one at 4 Mbit/s, and beside it, from its tap on, one at 300 kbit/s, 5 % loss and 100 ms.',
      'Asked for: the fast one has nine tenths of its pictures, no gap over half a second, and its size.\n',
      table(
        ['', 'per s', 'longest gap', 'width', 'kbit/s'],
        [
          besideRow('the fast one alone', alone),
          besideRow('the fast one beside the slow one', beside),
          besideRow('the slow one', slow),
        ],
      ),
    ].join('\n'),
  )
  return drops.every(each => fallsShort(each) === undefined) && cost === undefined
}
