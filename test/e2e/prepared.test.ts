import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cameraTag } from '@ownsight/camera-agent/media/mark'
import type { Locator, Page } from 'playwright-core'
import { isServing, type TestAgent } from '../support/agent.ts'
import { collectMarks, pair, signUp, takeMarks, testId, untilState } from '../support/app.ts'
import { type House, openHouse, sourceProcesses } from '../support/house.ts'
import { until } from '../support/wait.ts'

/** In the page: every peer connection it has ever made. */
const COUNT = `{
  const Real = RTCPeerConnection
  window.__made = []
  window.RTCPeerConnection = class extends Real {
    constructor(config) {
      super(config)
      window.__made.push(this)
    }
  }
}`
const made = (page: Page): Promise<number> => page.evaluate('window.__made.length')
const open = (page: Page): Promise<number> =>
  page.evaluate(`window.__made.filter(pc => pc.connectionState !== 'closed').length`)

describe('tiles that are prepared', function () {
  this.timeout(180_000)
  const key = randomBytes(32).toString('base64url')
  const source = { kind: 'test-pattern', width: 320, height: 180, fps: 10, mark: { key } }
  const names = ['Door', 'Garden']
  const ids = new Map<string, string>()
  let house: House
  let agent: TestAgent
  let page: Page
  const tile = (name: string): Locator => testId(page, 'camera').filter({ hasText: name })
  const prepared = (name: string): Promise<void> =>
    page.locator('[data-testid=camera][data-prepared]').filter({ hasText: name }).waitFor()
  const watching = (): number =>
    agent.reports.filter(report => report.event === 'watching').at(-1)?.viewers ?? 0

  before(async () => {
    house = await openHouse()
    agent = house.agent(names.map(name => ({ name, source })))
    const { origin, setupToken } = house.signaling()
    page = (await house.profile({ prepares: true })).page
    await page.addInitScript(COUNT)
    await signUp(page, origin, { token: setupToken, name: 'ada' })
    for (const name of names) {
      const { code } = (await agent.report(
        report => report.event === 'pairing-code' && report.camera === name,
      )) as { code: string }
      ids.set(name, code.split(':')[2] ?? '')
      await pair(page, code, name)
      await agent.report(report => isServing(report) && 'camera' in report && report.camera === name)
      await page.goto(origin)
    }
  })
  after(() => house?.close())

  it('wait without a picture: nobody watches, and no source is opened', async () => {
    for (const name of names) await prepared(name)
    assert.equal(await made(page), names.length)
    assert.equal(watching(), 0)
    assert.deepEqual(sourceProcesses(agent.child.pid ?? 0), [])
    assert.equal(await page.locator('video').count(), 0)
  })

  it('a tap shows the picture of that camera, over the session that waited', async () => {
    await collectMarks(page)
    for (const name of names) {
      for (const each of names) await prepared(each)
      const before = await made(page)
      await takeMarks(page)
      await tile(name).getByRole('button').first().click()
      await untilState(page, 'live')
      assert.equal(await made(page), before, 'no connection was made for it')
      assert.equal(await testId(page, 'seal').innerText(), `Verified: this is ${name}`)
      const { marks } = await until(
        async () => {
          const seen = await takeMarks(page)
          return seen.marks.length >= 5 && seen
        },
        { timeout: 20_000, every: 1500, what: 'five frames' },
      )
      const tag = cameraTag(ids.get(name) ?? '')
      assert.deepEqual(
        marks.filter(mark => mark.camera !== tag),
        [],
      )
      assert.equal(watching(), 1)
      await page.getByRole('button', { name: '← Cameras' }).click()
      await until(() => watching() === 0, { timeout: 20_000, what: 'the camera to see it leave' })
    }
  })

  it('what waits ends with the list, and with the account', async () => {
    for (const name of names) await prepared(name)
    await page.getByRole('button', { name: 'Add a camera' }).click()
    await until(async () => (await open(page)) === 0, { timeout: 20_000, what: 'the end of what waits' })
    await page.getByRole('link', { name: 'Ownsight' }).click()
    for (const name of names) await prepared(name)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.equal(await open(page), 0)
  })
})
