import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { TestAgent } from '../support/agent.ts'
import { liveState, pair, signIn, signUp, testId, untilState } from '../support/app.ts'
import { type House, openHouse, sourceProcesses, watchLive } from '../support/house.ts'
import { until } from '../support/wait.ts'

const SMALL = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }

describe('the viewer under attack', function () {
  this.timeout(120_000)
  let house: House
  let page: Page
  let agent: TestAgent
  before(async () => {
    house = await openHouse()
    page = await house.member('ada')
    agent = house.agent([{ name: 'Bedroom of Ada', source: SMALL }])
    await house.pairAndWatch(page, agent, 'Bedroom of Ada')
  })
  after(() => house?.close())

  const leave = () => page.getByRole('link', { name: 'Ownsight' }).click()
  const invitation = () =>
    page.evaluate(async () => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch('/api/invitations', { method: 'POST', headers, body: '{}' })
      return ((await response.json()) as { invitation: string }).invitation
    })

  it('attack 48: a source that freezes is not called live after 3 s, and its last frame is veiled', async () => {
    const [source] = sourceProcesses(agent.child.pid ?? 0)
    assert.ok(source)
    process.kill(source, 'SIGSTOP')
    try {
      await until(async () => (await liveState(page)) !== 'live', {
        timeout: 3500,
        what: 'the badge to change',
      })
      await page.locator('.picture .veil').waitFor()
    } finally {
      process.kill(source, 'SIGCONT')
    }
    await untilState(page, 'live', 20_000)
  })

  it('attack 48: an agent that hangs is not called live after 3 s', async () => {
    process.kill(agent.child.pid ?? 0, 'SIGSTOP')
    try {
      await until(async () => (await liveState(page)) !== 'live', {
        timeout: 3500,
        what: 'the badge to change',
      })
    } finally {
      process.kill(agent.child.pid ?? 0, 'SIGCONT')
    }
    await untilState(page, 'live', 30_000)
  })

  it('attack 44: two tabs, and signing out in one ends both at once', async () => {
    const code = await invitation()
    const tab = await page.context().newPage()
    await tab.goto(house.signaling().origin)
    await watchLive(tab, 'Bedroom of Ada')
    await page.getByRole('button', { name: 'Sign out' }).click()
    for (const each of [page, tab]) {
      await each.getByRole('heading', { name: 'Sign in' }).waitFor()
      assert.equal(await each.locator('video').count(), 0)
      assert.doesNotMatch(await each.locator('body').innerText(), /Bedroom of Ada/)
    }
    await agent.report(
      report => report.event === 'watching' && report.viewers === 0,
      agent.reports.length - 1,
    )
    await tab.close()

    // The same browser, another person: nothing of the first account is there for the second.
    await signUp(page, house.signaling().origin, { token: code, name: 'ben', invited: true })
    assert.doesNotMatch(await page.locator('body').innerText(), /Bedroom of Ada/)
    assert.equal(await testId(page, 'camera').count(), 0)
    const own = house.agent([{ name: 'Shed of Ben', source: SMALL }])
    await house.pairAndWatch(page, own, 'Shed of Ben')
    assert.doesNotMatch(await page.locator('body').innerText(), /Bedroom of Ada/)
  })

  it('attack 44: the back/forward cache brings nothing back', async () => {
    await page.goto('about:blank')
    await page.goBack()
    await page.getByRole('heading', { name: 'Cameras' }).waitFor()
    assert.equal(await page.locator('video').count(), 0)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.goto('about:blank')
    await page.goBack()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.doesNotMatch(await page.locator('body').innerText(), /Shed of Ben|Bedroom of Ada/)
  })

  it('attack 44: signed in again, each account finds its own cameras and no other', async () => {
    await signIn(page, house.signaling().origin, 'ada')
    assert.deepEqual(
      await testId(page, 'camera')
        .allInnerTexts()
        .then(texts => texts.map(text => text.split('\n')[0])),
      ['Bedroom of Ada'],
    )
    await watchLive(page, 'Bedroom of Ada')
    await leave()
    // A cookie of another account, without its device keys: the other's list does not open, and nothing is watched.
    const other = await house.profile()
    await signIn(other.page, house.signaling().origin, 'ben')
    assert.equal(await testId(other.page, 'camera').count(), 0)
    await other.page.getByText('holds no keys').waitFor()
  })

  it('a viewer whose browser is killed is reaped within 10 s', async () => {
    const { page: victim, chromium } = await house.profile()
    await signUp(victim, house.signaling().origin, { token: await invitation(), name: 'eve', invited: true })
    const camera = house.agent([{ name: 'Attic', source: SMALL }])
    const { code } = (await camera.report(each => each.event === 'pairing-code')) as { code: string }
    await pair(victim, code, 'Attic')
    await victim.getByRole('button', { name: 'Watch' }).click()
    await untilState(victim, 'live')
    const pids = await browserProcesses(chromium.profile)
    const killed = performance.now()
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await camera.report(each => each.event === 'watching' && each.viewers === 0, camera.reports.length)
    assert.ok(
      performance.now() - killed < 10_000,
      `reaped after ${Math.round(performance.now() - killed)} ms`,
    )
  })
})

async function browserProcesses(profile: string): Promise<number[]> {
  const { readdirSync, readFileSync } = await import('node:fs')
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .filter(entry => {
      try {
        return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(profile)
      } catch {
        return false
      }
    })
    .map(Number)
}
