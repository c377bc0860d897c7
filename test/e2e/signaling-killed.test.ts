import assert from 'node:assert/strict'
import { testId, untilState } from '../support/app.ts'
import { type House, openHouse, watchLive } from '../support/house.ts'
import { until } from '../support/wait.ts'

describe('signaling killed during a live view', function () {
  this.timeout(120_000)
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house?.close())

  it('the picture goes on; after a restart camera and viewer are back within 10 s without a click', async () => {
    const agent = house.agent([
      { name: 'Door', source: { kind: 'test-pattern', width: 320, height: 180, fps: 10 } },
    ])
    const page = await house.member('ada')
    await house.pairAndWatch(page, agent, 'Door')
    const frames = () =>
      page.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0)
    const reported = agent.reports.length
    await house.signaling().kill('SIGKILL')
    await testId(page, 'banner').waitFor()
    const start = await frames()
    await until(async () => (await frames()) >= start + 50, {
      timeout: 15_000,
      what: '50 more frames without a server',
    })
    await untilState(page, 'live', 1000)

    await house.restartSignaling()
    const up = performance.now()
    await testId(page, 'banner').waitFor({ state: 'detached', timeout: 10_000 })
    await agent.report(report => report.event === 'online' && !report.note, reported)
    assert.ok(performance.now() - up < 10_000, 'both are back within 10 s')
    await untilState(page, 'live', 1000)
    const tab = await page.context().newPage()
    await tab.goto(house.signaling().origin)
    await watchLive(tab, 'Door')
  })
})
