import { launchFirefox } from '../support/browsers.ts'
import { pair, signUp, turnSoundOn, watchPaired } from '../support/firefox-app.ts'
import { type House, openHouse } from '../support/house.ts'
import { countHeard, keepPeers } from '../support/lip-sync.ts'
import { until } from '../support/wait.ts'

describe('the viewer in Firefox ESR', function () {
  this.timeout(120_000)
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house?.close())

  it('signs up, makes the kit, pairs, is live, and hears the camera once its sound is turned on', async () => {
    const agent = house.agent([
      { name: 'Door', source: { kind: 'test-pattern', width: 320, height: 180, fps: 10, tone: true } },
    ])
    const { browser, close } = await launchFirefox()
    try {
      const page = await browser.newPage()
      await page.evaluateOnNewDocument(keepPeers)
      await signUp(page, house.signaling().origin, house.signaling().setupToken, 'ada')
      await pair(page, await agent.code(), 'Door')
      await watchPaired(page)
      await page.waitForSelector('[data-testid="seal"]')
      await turnSoundOn(page)
      await until(async () => (await page.evaluate(countHeard)).packets > 50, {
        timeout: 30_000,
        every: 200,
        what: 'sound',
      })
    } finally {
      await close()
    }
  })
})
