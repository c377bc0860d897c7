import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { testId, untilState } from '../support/app.ts'
import { type House, openHouse } from '../support/house.ts'
import { until } from '../support/wait.ts'

/** The server as a later version of itself: it speaks these versions of the protocol. */
const speaking = (versions: string) => ({
  nodeArgs: ['--import', join(import.meta.dirname, '../support/without.ts')],
  env: {
    WITHOUT_FILE: 'protocol/src/version.ts',
    WITHOUT_TEXT: '= [PROTOCOL_VERSION]',
    WITHOUT_REPLACEMENT: `= [${versions}]`,
  },
})

describe('upgrade during a live view', function () {
  this.timeout(180_000)
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house?.close())

  const frames = (page: Page) =>
    page.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0)
  async function pictureGoesOn(page: Page): Promise<void> {
    const start = await frames(page)
    await until(async () => (await frames(page)) >= start + 30, { timeout: 15_000, what: '30 more frames' })
    await untilState(page, 'live', 1000)
  }

  it('F14: a server that speaks more, one that speaks only the next version, and back: the picture goes on', async () => {
    const agent = house.agent([
      { name: 'Door', source: { kind: 'test-pattern', width: 320, height: 180, fps: 10 } },
    ])
    const page = await house.member('ada')
    await house.pairAndWatch(page, agent, 'Door')
    const banner = testId(page, 'banner')
    async function upgradeTo(versions: string): Promise<number> {
      await house.signaling().kill('SIGTERM')
      const reported = agent.reports.length
      await house.restartSignaling(speaking(versions))
      return reported
    }

    let since = await upgradeTo('1, 2')
    await agent.report(report => report.event === 'online' && !report.note, since)
    await banner.waitFor({ state: 'detached', timeout: 30_000 })
    await pictureGoesOn(page)

    since = await upgradeTo('2')
    await agent.report(
      report => report.event === 'offline' && report.note === 'Update the camera agent.',
      since,
    )
    await page.getByText('Update the viewer: reload the page.').waitFor({ timeout: 30_000 })
    await pictureGoesOn(page)

    since = await upgradeTo('1')
    await agent.report(report => report.event === 'online' && !report.note, since)
    await banner.waitFor({ state: 'detached', timeout: 30_000 })
    await pictureGoesOn(page)
  })
})
