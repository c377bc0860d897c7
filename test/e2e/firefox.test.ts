import { launchFirefox } from '../support/browsers.ts'
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
      await page.goto(house.signaling().origin)
      const fill = async (selector: string, text: string) => {
        const field = await page.waitForSelector(selector)
        await field?.type(text)
      }
      const press = async (name: string) => {
        const button = await page.waitForSelector(`::-p-xpath(//button[normalize-space()='${name}'])`)
        await button?.click()
      }
      await fill('input[name=token]', house.signaling().setupToken)
      await fill('input[name=name]', 'ada')
      await fill('input[name=password]', 'correct horse battery')
      await page.locator('form button[type=submit]').click()
      await press('Add a camera')
      await page.waitForSelector('[data-testid="kit-words"] li')
      const words = await page.$$eval('[data-testid="kit-words"] li', items =>
        items.map(item => item.textContent ?? ''),
      )
      await press('I have kept it')
      await page.waitForSelector('input[name^="word-"]')
      for (const name of await page.$$eval('input[name^="word-"]', inputs =>
        inputs.map(input => input.getAttribute('name') ?? ''),
      ))
        await fill(`input[name="${name}"]`, words[Number(name.slice('word-'.length))] ?? '')
      await press('Done')
      await fill('[data-testid="pairing-code"]', await agent.code())
      await fill('[data-testid="camera-name"]', 'Door')
      await press('Pair')
      await press('Watch')
      await until(() => page.$('[data-testid="live-badge"][data-state="live"]'), {
        timeout: 30_000,
        what: 'a live picture',
      })
      await page.waitForSelector('[data-testid="seal"]')
      const speaker = await page.waitForSelector('button[aria-label="Sound on/off"]')
      await speaker?.click()
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
