import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { createLab, type Lab } from '../netlab/lab.ts'
import { openLabHouse } from '../netlab/lab-house.ts'
import { untilState, watch } from '../support/app.ts'
import { type Moment, pictureStory, watchPicture } from '../support/picture-story.ts'
import { until } from '../support/wait.ts'
import { machine, table, write } from './report.ts'
import { quantile, seconds } from './statistics.ts'

const SOURCE = { kind: 'test-pattern', width: 640, height: 360, fps: 15 }
const DELAY_MS = 25
const MOVES = 10
const HOLES = 3
const HOLE_MS = 30_000
/** Never LIVE over a picture that is older: the heartbeat's bound, and a look to spare. */
const LIE_MS = 3500

export type Gap = { ms: number; lies: number }

const lies = (story: readonly Moment[]): number =>
  story.filter(({ state, age }) => state === 'live' && age > LIE_MS).length

/** A live picture over a line of 50 ms round trip; nothing is clicked after it is there. */
async function withView<T>(work: (page: Page, lab: Lab<'camera' | 'viewer'>) => Promise<T>): Promise<T> {
  const lab = await createLab({ homes: { camera: {}, viewer: { link: { delay: DELAY_MS } } }, seed: 'moves' })
  try {
    const house = await openLabHouse(lab, { agent: { cameras: [{ name: 'Door', source: SOURCE }] } })
    try {
      await watch(house.page, 'Door')
      await untilState(house.page, 'live', 30_000)
      await watchPicture(house.page)
      return await work(house.page, lab)
    } finally {
      await house.close()
    }
  } finally {
    await lab.close()
  }
}

async function settled(page: Page): Promise<void> {
  await untilState(page, 'live', 60_000)
  await sleep(4000)
  await pictureStory(page)
}

/** The longest time without a new picture when the viewer's host and box get new addresses. */
async function move(page: Page, lab: Lab<'camera' | 'viewer'>): Promise<Gap> {
  await settled(page)
  await lab.homes.viewer.moveAddress()
  const begun = performance.now()
  const story: Moment[] = []
  await until(
    async () => {
      story.push(...(await pictureStory(page)))
      return performance.now() - begun > 6000 && (story.at(-1)?.age ?? Number.POSITIVE_INFINITY) < 500
    },
    { timeout: 60_000, every: 500, what: 'a picture at the new address' },
  )
  return { ms: Math.max(...story.map(({ age }) => age)), lies: lies(story) }
}

/** From the end of a hole to the first new picture. */
async function hole(page: Page, lab: Lab<'camera' | 'viewer'>): Promise<Gap> {
  await settled(page)
  await lab.homes.viewer.line.blackHole(true)
  await sleep(HOLE_MS)
  const during = await pictureStory(page)
  await lab.homes.viewer.line.blackHole(false)
  const end = await page.evaluate(() => performance.now())
  const back = await until(async () => (await pictureStory(page)).find(({ at, age }) => at - age > end), {
    timeout: 60_000,
    every: 50,
    what: 'a picture after the hole',
  })
  return { ms: back.at - back.age - end, lies: lies(during) }
}

async function repeat(times: number, once: () => Promise<Gap>, name: string): Promise<Gap[]> {
  const gaps: Gap[] = []
  while (gaps.length < times) {
    const gap = await once()
    gaps.push(gap)
    process.stdout.write(`${name}: ${seconds(gap.ms)}\n`)
  }
  return gaps
}

const row = (name: string, gaps: readonly Gap[]): string[] => {
  const ms = gaps.map(each => each.ms)
  return [
    name,
    String(gaps.length),
    seconds(quantile(ms, 0.5)),
    seconds(Math.max(...ms)),
    String(gaps.reduce((sum, each) => sum + each.lies, 0)),
  ]
}

/** False when a picture took more than a second after a move, or two after a hole, or was called LIVE when it was old. */
export async function reportMoves(): Promise<boolean> {
  const [moves, holes] = await withView(async (page, lab) => [
    await repeat(MOVES, () => move(page, lab), 'another address'),
    await repeat(HOLES, () => hole(page, lab), 'after a black hole'),
  ])
  write(
    'moves',
    [
      `${machine()}. 50 ms round trip. Time without a new picture, no click; "lies": moments at which an old picture was called LIVE.\n`,
      table(
        ['', 'times', 'median', 'longest', 'lies'],
        [
          row('another address of host and box', moves ?? []),
          row('30 s black hole, from its end', holes ?? []),
        ],
      ),
    ].join('\n'),
  )
  const all = [...(moves ?? []), ...(holes ?? [])]
  return (
    all.every(each => each.lies === 0) &&
    (moves ?? []).every(({ ms }) => ms <= 1000) &&
    (holes ?? []).every(({ ms }) => ms <= 2000)
  )
}
