import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { createLab, type Lab } from '../netlab/lab.ts'
import type { LabHouse } from '../netlab/lab-house.ts'
import { collectMarks, takeMarks, testId, untilState, watch } from '../support/app.ts'
import { launchChromium } from '../support/browsers.ts'
import { trustInChromium } from '../support/private-ca.ts'
import { acceptAs, closeLink, inviteGuest, openSettings } from '../support/sharing.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { until } from '../support/wait.ts'
import { longestGap } from './change-figures.ts'
import { openMarkedView } from './marked-view.ts'

/** What one viewer saw of the camera for some time; ms, pixels. */
export type Beside = { fps: number; longest: number; width: number; kbit: number }
type Homes = 'camera' | 'viewer' | 'other'

const GOOD = { delay: 10, rate: 4000 }
const BAD = { delay: 50, rate: 300, loss: 0.05 }
const SETTLE_MS = 12_000
const MEASURE_MS = 20_000
const GAP_MS = 500

/** What the slow one cost the fast one; undefined when nothing. */
export function costs(alone: Beside, beside: Beside): string | undefined {
  if (beside.fps < 0.9 * alone.fps) return 'the fast one has fewer pictures beside the slow one'
  if (beside.longest > Math.max(GAP_MS, alone.longest)) return 'the fast one stands still beside the slow one'
  if (beside.width < alone.width) return 'the fast one has a smaller picture beside the slow one'
  return undefined
}

/** One viewer alone, and then while another comes to the same camera over a bad line. */
export async function besideSlow(): Promise<{ alone: Beside; beside: Beside; slow: Beside }> {
  const lab = await createLab({ homes: { camera: {}, viewer: {}, other: {} }, seed: 'two' })
  const home = tempFolder('other-home')
  const open: { close(): Promise<unknown> }[] = [lab]
  try {
    const { house } = await openMarkedView(lab)
    open.push(house)
    trustInChromium({ ...house.ca, args: [] }, home)
    const chromium = await launchChromium({ namespace: lab.homes.other.namespace, home })
    open.push(chromium)
    const guest = chromium.context.pages()[0] ?? (await chromium.context.newPage())
    await invite(house, guest)
    await guest.goto('about:blank')
    await untilState(house.page, 'live', 30_000)
    if (!(await house.page.evaluate('"__seen" in window'))) await collectMarks(house.page)
    await lab.homes.viewer.line.set(GOOD)
    await lab.homes.other.line.set(BAD)
    await sleep(SETTLE_MS)
    const alone = await measure(house.page, lab, 'viewer')
    const coming = come(guest, house)
    const beside = await measure(house.page, lab, 'viewer')
    await coming
    await collectMarks(guest)
    const slow = await measure(guest, lab, 'other')
    return { alone, beside, slow }
  } finally {
    for (const each of open.reverse()) await each.close()
    removeTemp(home)
  }
}

/** Shares the camera with the guest, who is shown it; then the owner watches again. */
async function invite({ page, agent }: LabHouse, guest: Page): Promise<void> {
  await openSettings(page, 'Door')
  const link = await inviteGuest(page, { guest: 'Grandma', until: '7 days' })
  await closeLink(page)
  await until(async () => (await testId(page, 'policy-state').getAttribute('data-state')) === 'confirmed', {
    timeout: 30_000,
    what: 'the camera to confirm',
  })
  await acceptAs(guest, link, 'grandma')
  await page.getByRole('button', { name: 'Allow' }).click({ timeout: 30_000 })
  await untilState(guest, 'live', 60_000)
  if (agent.child.exitCode !== null) throw new Error('the agent ended')
  await page.getByRole('button', { name: 'Watch' }).click()
}

async function come(guest: Page, { signaling }: LabHouse): Promise<void> {
  await guest.goto(signaling.origin)
  await watch(guest, 'Door')
  await untilState(guest, 'live', 60_000)
}

async function measure(page: Page, lab: Lab<Homes>, home: 'viewer' | 'other'): Promise<Beside> {
  const { line } = lab.homes[home]
  await takeMarks(page)
  const [start, before] = [await page.evaluate(() => performance.now()), (await line.statistics()).down.out]
  const end = performance.now() + MEASURE_MS
  let width = Number.POSITIVE_INFINITY
  while (performance.now() < end) {
    width = Math.min(width, await page.evaluate(() => document.querySelector('video')?.videoWidth ?? 0))
    await sleep(250)
  }
  const stop = await page.evaluate(() => performance.now())
  const { marks } = await takeMarks(page)
  const { bytes } = (await line.statistics()).down.out
  return {
    fps: (marks.length * 1000) / (stop - start),
    longest: longestGap(marks, start, stop),
    width,
    kbit: ((bytes - before.bytes) * 8) / (stop - start),
  }
}
