import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { collectMarks, liveState, takeMarks, testId, untilState } from '../support/app.ts'
import { openSettings } from '../support/sharing.ts'
import { until } from '../support/wait.ts'
import { type EvilHouse, openEvilHouse } from './evil-house.ts'
import { onlyOwn } from './marks.ts'

describe('evil: one browser, several cameras and tabs', function () {
  this.timeout(240_000)
  const key = randomBytes(32)
  const source = {
    kind: 'test-pattern',
    width: 320,
    height: 180,
    fps: 10,
    mark: { key: key.toString('base64url') },
  }
  let house: EvilHouse
  let page: Page
  const agents: ReturnType<EvilHouse['agent']>[] = []
  /** two are named Door, by the owner and by themselves; the third is the Garden */
  const ids: string[] = []
  before(async () => {
    house = await openEvilHouse()
    page = await house.member('ada')
    for (const name of ['Door', 'Door', 'Garden']) {
      const agent = house.agent([{ name, source }])
      agents.push(agent)
      ids.push(await house.pair(page, agent, name))
    }
  })
  beforeEach(() => collectMarks(page))
  afterEach(async () => {
    house.evil.randomly(undefined)
    house.evil.hooks.packet = undefined
    await page.goto(house.evil.origin)
    await testId(page, 'camera').first().waitFor()
  })
  after(() => house?.close())

  const open = (at: number) => testId(page, 'camera').nth(at).getByRole('button').first().click()
  const leave = () => page.getByRole('link', { name: 'Ownsight' }).click()
  /** So many frames of this camera, and none of another since the last look. */
  async function sees(at: number, tab = page, frames = 10): Promise<void> {
    let seen = 0
    await until(
      async () => {
        seen += onlyOwn((await takeMarks(tab)).marks, ids[at] ?? '', key)
        return seen >= frames
      },
      { timeout: 60_000, every: 100, what: `frames of camera ${at}` },
    )
  }

  it('F25: two cameras with one name are two cameras: each tile shows its own', async () => {
    for (const at of [0, 1, 2, 1, 0]) {
      await open(at)
      await sees(at)
      await leave()
      await takeMarks(page)
    }
  })

  it('attack 44: another tile is opened while the first one’s reply is still out: it never shows the first', async () => {
    const late: (() => void)[] = []
    house.evil.hooks.packet = packet => {
      if (packet.event !== 'offer' || packet.direction !== 'down' || packet.is !== 'reply' || late.length > 0)
        return undefined
      late.push(() => house.evil.world.deliver(packet))
      return []
    }
    await open(0)
    await until(() => late.length > 0, { timeout: 30_000, what: 'the first reply' })
    await leave()
    await open(2)
    for (const deliver of late) deliver()
    await sees(2)
    await page.getByRole('heading', { name: 'Garden' }).waitFor()
  })

  it('attack 44: a page that is reloaded while it connects begins anew, and leaves no session behind', async () => {
    for (const wait of [0, 100, 300, 800]) {
      await open(1)
      await new Promise(resolve => setTimeout(resolve, wait))
      await page.reload()
      await testId(page, 'camera').first().waitFor()
      assert.equal(await page.locator('video').count(), 0)
    }
    await collectMarks(page)
    await open(1)
    await sees(1)
    const viewers = () => agents[1]?.reports.findLast(each => each.event === 'watching')
    await until(
      () => {
        const report = viewers()
        return report && 'viewers' in report && report.viewers === 1
      },
      { timeout: 30_000, what: 'one viewer and no more' },
    )
  })

  it('attack 44: two tabs, each its own camera, while replies of both are swapped', async () => {
    const tab = await page.context().newPage()
    await tab.goto(house.evil.origin)
    await collectMarks(tab)
    house.evil.randomly({ rate: 0.4, weights: { 'swap-replies': 3, 'swap-acks': 1, duplicate: 1 } })
    await Promise.all([open(0), testId(tab, 'camera').nth(2).getByRole('button').first().click()])
    await sees(0)
    await sees(2, tab)
    await tab.close()
  })

  it('attack 44: a camera renamed in another tab while this one connects keeps its picture and gets no other', async () => {
    const held: (() => void)[] = []
    let hold = true
    house.evil.hooks.packet = packet => {
      if (!hold || packet.event !== 'offer' || packet.direction !== 'up' || packet.is !== 'event')
        return undefined
      held.push(() => house.evil.world.deliver(packet))
      return []
    }
    await open(2)
    await until(() => held.length > 0, { timeout: 30_000, what: 'the offer' })
    const tab = await page.context().newPage()
    await tab.goto(house.evil.origin)
    await openSettings(tab, 'Garden')
    await tab.locator('input[name=camera-name]').fill('Cellar')
    await tab.getByRole('button', { name: 'Rename' }).click()
    await tab.getByRole('heading', { name: 'Cellar' }).waitFor()
    hold = false
    for (const deliver of held) deliver()
    await sees(2)
    const label = (await page.locator('h1.camera-name').innerText()).trim()
    assert.match(label, /^(Garden|Cellar)$/)
    await tab.close()
    await page.reload()
    await testId(page, 'camera').first().waitFor()
    assert.deepEqual(
      (await testId(page, 'camera').allInnerTexts()).map(each => each.split('\n')[0]?.trim()).sort(),
      ['Cellar', 'Door', 'Door'],
    )
  })

  it('attack 44: with the page gone back and forward, live or connecting, nothing is shown that was before', async () => {
    for (const isLive of [true, false]) {
      await open(0)
      if (isLive) await untilState(page, 'live', 60_000)
      await page.goto('about:blank')
      await page.goBack()
      await testId(page, 'camera').first().waitFor()
      assert.equal(await page.locator('video').count(), 0)
      assert.equal(await liveState(page), undefined)
    }
  })
})
