import type { BrowserContext, Page } from 'playwright-core'
import { buildViewer, viewerFolder } from '../../../start/src/viewer-build.ts'
import { isEvent, isServing, startAgent, type TestAgent } from '../../support/agent.ts'
import { openPage, pair, signUp, watch } from '../../support/app.ts'
import { SAVES_DATA } from '../../support/browsers.ts'
import { spawnTestSignaling } from '../../support/signaling.ts'
import { until } from '../../support/wait.ts'
import type { Clip } from './clip.ts'
import { untilHeld } from './moments.ts'
import type { Way } from './ways.ts'

export const OURS = 'ours, prepared tile'
export const OURS_UNPREPARED = 'ours, nothing prepared'

export type Ours = {
  readonly ways: OurWays
  /** Resolves when nobody has watched for so long that the camera has closed its source. */
  sourceClosed(): Promise<void>
  close(): Promise<void>
}
export type OurWays = readonly [prepared: Way, unprepared: Way]

/** The product whole: signaling and agent in processes of their own, and two pages of one account. */
export async function openOurs(context: BrowserContext, clip: Clip): Promise<Ours> {
  await buildViewer(() => undefined)
  const signaling = await spawnTestSignaling({ viewer: viewerFolder })
  const source = { kind: 'file', path: clip.matroska }
  const agent = startAgent({ server: signaling.origin, cameras: [{ name: 'Door', source }] })
  const close = async (): Promise<void> => {
    await agent.dispose()
    await signaling.close()
  }
  try {
    const page = await context.newPage()
    await signUp(page, signaling.origin, { token: signaling.setupToken, name: 'ada' })
    await pair(page, await agent.code(), 'Door')
    await agent.report(isServing)
    const sourceClosed = async (): Promise<void> => {
      const from = agent.reports.findLastIndex(report => report.event === 'watching')
      await agent.report(report => isEvent('source')(report) && report.state === 'closed', from)
    }
    return { ways: await openWays(page, signaling.origin, agent), sourceClosed, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** @param page where somebody is signed in and has paired the camera "Door"; the other way gets one beside it */
export async function openWays(page: Page, origin: string, agent: TestAgent): Promise<OurWays> {
  await openPage(page, origin)
  const other = await page.context().newPage()
  await other.addInitScript(SAVES_DATA)
  await openPage(other, origin)
  return [wayOf(OURS, page, agent), wayOf(OURS_UNPREPARED, other, agent)]
}

function wayOf(name: string, page: Way['page'], agent: TestAgent): Way {
  return {
    name,
    page,
    async tap() {
      const tile = page.locator('[data-testid=camera]')
      await tile.getByText('Online').waitFor()
      if (name === OURS) await untilHeld(page)
      await watch(page, 'Door')
    },
    async leave() {
      await page.getByRole('button', { name: '← Cameras' }).click()
      await until(() => watchers(agent) === 0, { timeout: 30_000, what: 'the camera to see it leave' })
    },
  }
}

function watchers({ reports }: TestAgent): number {
  const last = reports.findLast(report => report.event === 'watching')
  return last?.event === 'watching' ? last.viewers : 0
}
