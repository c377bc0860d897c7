import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import type { Home } from '../../netlab/home.ts'
import { type Moment, pictureStory } from '../../support/picture-story.ts'
import { until } from '../../support/wait.ts'

/** One of the two pairs, as the measurement sees it: a page with a picture, and the home it is in. */
export type Side = {
  readonly page: Page
  readonly home: Home
  /** Opens the picture again as a person would; used only where it did not come back by itself. */
  again(): Promise<void>
}

/** ms; undefined: not within a minute */
export type Time = number | undefined

const PATIENCE_MS = 60_000
const HOLE_MS = 30_000
const SETTLE_MS = 4000
/** A break begins within this after what caused it. */
const BEGIN_MS = 6000
const FLOWING_MS = 500

const isFlowing = (story: readonly Moment[]): boolean =>
  (story.at(-1)?.age ?? Number.POSITIVE_INFINITY) < FLOWING_MS

async function pictures(page: Page): Promise<boolean> {
  return until(async () => isFlowing(await pictureStory(page)), {
    timeout: PATIENCE_MS,
    every: 200,
    what: 'pictures',
  }).catch(() => false)
}

/** With pictures for a while; what was seen until now is forgotten. */
export async function settled({ page, again }: Side): Promise<void> {
  if (!(await pictures(page))) {
    await again()
    if (!(await pictures(page))) throw new Error('no picture, though it was opened anew')
  }
  await sleep(SETTLE_MS)
  await pictureStory(page)
}

/** The longest time without a new picture when host and box of the viewer get new addresses. */
export async function move(side: Side): Promise<Time> {
  await settled(side)
  await side.home.moveAddress()
  const begun = performance.now()
  const story: Moment[] = []
  while (performance.now() - begun < PATIENCE_MS) {
    story.push(...(await pictureStory(side.page)))
    if (performance.now() - begun > BEGIN_MS && isFlowing(story))
      return Math.max(...story.map(({ age }) => age))
    await sleep(250)
  }
  return undefined
}

/** From the end of thirty seconds in which nothing passes to the first new picture; for all sides at the same time. */
export async function holes(sides: readonly Side[]): Promise<Time[]> {
  await Promise.all(sides.map(settled))
  await Promise.all(sides.map(({ home }) => home.line.blackHole(true)))
  await sleep(HOLE_MS)
  return Promise.all(
    sides.map(async ({ page, home }) => {
      await pictureStory(page)
      await home.line.blackHole(false)
      const end = (await page.evaluate('performance.now()')) as number
      const first = await until(
        async () => (await pictureStory(page)).find(({ at, age }) => at - age > end),
        {
          timeout: PATIENCE_MS,
          every: 50,
          what: 'a picture after the hole',
        },
      ).catch(() => undefined)
      return first && first.at - first.age - end
    }),
  )
}

/** ms from the tap on "Watch" of the plain page to its first picture. */
export async function openPlain(page: Page, patience: number): Promise<Time> {
  const ms = (await page.evaluate(`new Promise(resolve => {
    const start = performance.now()
    const late = setTimeout(() => resolve(undefined), ${patience})
    document.querySelector('video').requestVideoFrameCallback(() => {
      clearTimeout(late)
      resolve(performance.now() - start)
    })
    document.querySelector('#watch').click()
  })`)) as Time
  await page.locator('#stop').click()
  return ms
}
