import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { type EvilHouse, openEvilHouse } from '../evil/evil-house.ts'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { testId, untilState } from '../support/app.ts'
import { acceptAs, closeLink, inviteGuest, openSettings, removePerson, shoot } from '../support/sharing.ts'
import { until } from '../support/wait.ts'

const DOOR = 'Front door'
const source = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }

/** The page that tells who watched, and what it says when somebody has been at the camera's disk. */
describe('who saw my camera', function () {
  this.timeout(300_000)
  let house: EvilHouse
  let agent: TestAgent
  let owner: Page
  let anna: Page
  let log = ''

  before(async () => {
    house = await openEvilHouse()
    owner = await house.member('olga')
    agent = house.agent([{ name: DOOR, source }])
    await house.pair(owner, agent, DOOR)
    log = logFile(agent.data)
    anna = (await house.profile()).page
    await openSettings(owner, DOOR)
    const link = await inviteGuest(owner, { guest: 'Anna', until: 'Family: without end' })
    await closeLink(owner)
    await acceptAs(anna, link, 'anna')
    await owner.getByRole('button', { name: 'Allow' }).click({ timeout: 60_000 })
    await untilState(anna, 'live', 60_000)
  })
  after(async () => {
    await agent?.dispose()
    await house?.close()
  })

  function logFile(data: string): string {
    const found = readdirSync(data, { recursive: true, encoding: 'utf8' }).find(name =>
      name.endsWith('.jsonl'),
    )
    assert.ok(found, 'the camera keeps a log')
    return join(data, found)
  }
  const says = (page: Page, id: string, text: RegExp | string) =>
    testId(page, id).filter({ hasText: text }).first().waitFor({ timeout: 30_000 })
  async function openSeen(): Promise<void> {
    await openSettings(owner, DOOR)
    await owner.getByRole('button', { name: 'Who saw this camera' }).click()
    await owner.getByRole('heading', { name: `Who saw ${DOOR}` }).waitFor()
  }
  async function restart(between: () => void): Promise<void> {
    await agent.kill('SIGKILL')
    between()
    agent = startAgent({ server: house.evil.origin, data: agent.data, cameras: [{ name: DOOR, source }] })
    await agent.report(isServing)
  }
  const isWhole = () => says(owner, 'log-whole', 'none changed since this device looked last')

  it('names who is watching, who has watched, and what was changed', async () => {
    await openSeen()
    await says(owner, 'seen-item', 'Anna is watching now')
    await says(owner, 'seen-item', 'The invitation for Anna was opened')
    await says(owner, 'seen-item', 'This device paired the camera')
    await says(owner, 'log-whole', 'From now on this device notices what is changed')
    await owner.getByRole('button', { name: 'Look again' }).click()
    await isWhole()
    await anna.getByRole('button', { name: '← Cameras' }).click()
    await until(
      async () => {
        await owner.getByRole('button', { name: 'Look again' }).click()
        return (
          (await testId(owner, 'seen-item')
            .filter({ hasText: /Anna watched for \d+ s/ })
            .count()) > 0
        )
      },
      { timeout: 60_000, every: 1000, what: "Anna's visit" },
    )
    await shoot(owner, 'seen')
  })

  it('tells of somebody who tries without permission', async () => {
    await openSettings(owner, DOOR)
    await removePerson(owner, 'Anna')
    await until(async () => (await testId(owner, 'person').count()) === 1, {
      timeout: 30_000,
      what: 'the removal',
    })
    await testId(anna, 'camera').getByRole('button', { name: DOOR }).click()
    await testId(anna, 'failure').locator('p').waitFor({ timeout: 60_000 })
    await openSeen()
    await until(
      async () => {
        await owner.getByRole('button', { name: 'Look again' }).click()
        return (
          (await testId(owner, 'seen-item').filter({ hasText: 'Someone without permission tried' }).count()) >
          0
        )
      },
      { timeout: 120_000, every: 2000, what: 'the attempts' },
    )
    await isWhole()
    await shoot(owner, 'seen-tried')
  })

  it('a log that was put back is said so on the list and here, until the owner has read it', async () => {
    const lines = readFileSync(log, 'utf8').split('\n')
    await restart(() => writeFileSync(log, `${lines.slice(0, 4).join('\n')}\n`))
    await owner.getByRole('link', { name: 'Ownsight' }).click()
    await testId(owner, 'camera').getByRole('button', { name: DOOR }).click()
    await untilState(owner, 'live', 60_000)
    await owner.getByRole('link', { name: 'Ownsight' }).click()
    await testId(owner, 'log-alarm').waitFor({ timeout: 30_000 })
    await shoot(owner, 'list-alarm')
    await openSeen()
    await says(owner, 'alarm', 'Do not rely on this log')
    await shoot(owner, 'seen-alarm')
    await owner.reload()
    await testId(owner, 'log-alarm').click()
    await says(owner, 'alarm', 'Do not rely on this log')
    assert.equal(await testId(owner, 'log-whole').count(), 0)
    await owner.getByRole('button', { name: 'I have read this' }).click({ timeout: 60_000 })
    await until(async () => (await testId(owner, 'alarm').count()) === 0, {
      timeout: 10_000,
      what: 'no alarm',
    })
    await owner.getByRole('button', { name: 'Look again' }).click()
    await isWhole()
  })

  it('a line that was changed is noticed too', async () => {
    await restart(() => {
      const text = readFileSync(log, 'utf8')
      assert.ok(text.includes('"e":"boot"'))
      writeFileSync(log, text.replace('"e":"boot"', '"e":"boot" '))
    })
    await openSeen()
    await says(owner, 'alarm', 'was rewritten')
  })
})
