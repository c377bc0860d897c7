import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { type EvilHouse, openEvilHouse } from '../evil/evil-house.ts'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { signIn, testId, untilState } from '../support/app.ts'
import { shoot } from '../support/sharing.ts'
import { until } from '../support/wait.ts'

const DOOR = 'Front door'
const GARAGE = 'Garage'
const source = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }

/** A phone lets a second one in: a code, four words, and what each camera has confirmed. */
describe('a second device of one owner', function () {
  this.timeout(300_000)
  let house: EvilHouse
  let garage: TestAgent
  let first: Page
  let second: Page
  let used = ''

  before(async () => {
    house = await openEvilHouse()
    first = await house.member('olga')
    await house.pair(first, house.agent([{ name: DOOR, source }]), DOOR)
    garage = house.agent([{ name: GARAGE, source }])
    await house.pair(first, garage, GARAGE)
    await garage.kill('SIGKILL')
    second = (await house.profile()).page
  })
  after(async () => {
    await garage?.dispose()
    await house?.close()
  })

  const says = (page: Page, id: string, text: RegExp | string) =>
    testId(page, id).filter({ hasText: text }).first().waitFor({ timeout: 30_000 })
  const stateOf = (page: Page, id: string, text: string, wanted: string) =>
    until(
      async () =>
        (await testId(page, id).filter({ hasText: text }).first().getAttribute('data-state')) === wanted,
      { timeout: 60_000, what: `${text} to be ${wanted}` },
    )
  async function showCode(page: Page): Promise<string> {
    await page.getByRole('link', { name: 'Ownsight' }).click()
    await page.getByRole('button', { name: 'My devices' }).click()
    await page.getByRole('button', { name: 'Add another of my devices' }).click()
    await testId(page, 'device-code').waitFor()
    return testId(page, 'device-code').inputValue()
  }
  async function enterCode(page: Page, code: string): Promise<void> {
    await testId(page, 'join-code').fill(code)
    await page.getByRole('button', { name: 'Add', exact: true }).click()
  }

  it('says what is wrong with a code that is not one, or that nobody shows', async () => {
    await signIn(second, house.evil.origin, 'olga')
    await second.getByRole('button', { name: 'Add this browser from another of my devices' }).click()
    await enterCode(second, 'os1:nonsense')
    await says(second, 'failure', 'This is not a code for a device')
    await enterCode(second, `os1-join:${'A'.repeat(22)}:${'A'.repeat(43)}`)
    await says(second, 'failure', 'No device waits with this code')
    await shoot(second, 'join-wrong')
  })

  it('an account of another home gets nothing by the code', async () => {
    const code = await showCode(first)
    await shoot(first, 'add-device')
    const mallory = await house.member('mallory')
    await house.pair(mallory, house.agent([{ name: 'theirs', source }]), 'theirs')
    const theirs = (await house.profile()).page
    await signIn(theirs, house.evil.origin, 'mallory')
    await theirs.getByRole('button', { name: 'Add this browser from another of my devices' }).click()
    await enterCode(theirs, code)
    await says(theirs, 'failure', 'Both must be signed in to the same account')
    assert.equal(await testId(theirs, 'phrase').count(), 0)
    assert.equal(await testId(first, 'device-code').inputValue(), code)
  })

  it('both show the same four words, the camera obeys both, and the one that is off is said to be behind', async () => {
    const code = await showCode(first)
    used = code
    await testId(second, 'device-name').fill('Kitchen tablet')
    await enterCode(second, code)
    await testId(second, 'phrase').waitFor({ timeout: 30_000 })
    await testId(first, 'phrase').waitFor({ timeout: 30_000 })
    const [here, there] = [
      await testId(first, 'phrase').innerText(),
      await testId(second, 'phrase').innerText(),
    ]
    assert.equal(here, there)
    assert.match(here, /^(\w+ ){3}\w+$/)
    await shoot(first, 'add-device-done')
    await stateOf(second, 'joined-camera', DOOR, 'confirmed')
    await stateOf(second, 'joined-camera', GARAGE, 'pending')
    await shoot(second, 'join-done')
    await first.getByRole('button', { name: 'They are the same' }).click()
    await stateOf(first, 'device', 'Kitchen tablet', 'pending')
    await says(first, 'device', 'Garage has not yet confirmed it')
    await shoot(first, 'devices-pending')
  })

  it('the new device watches, and confirms by itself when the camera is back', async () => {
    await second.getByRole('button', { name: 'To my cameras' }).click()
    await testId(second, 'camera').getByRole('button', { name: DOOR }).click()
    await untilState(second, 'live', 60_000)
    garage = startAgent({ server: house.evil.origin, data: garage.data, cameras: [{ name: GARAGE, source }] })
    await garage.report(isServing)
    await stateOf(first, 'device', 'Kitchen tablet', 'confirmed')
    await second.getByRole('link', { name: 'Ownsight' }).click()
    await testId(second, 'camera').getByRole('button', { name: GARAGE }).click()
    await untilState(second, 'live', 60_000)
  })

  it('a code is good once', async () => {
    const third = (await house.profile()).page
    await signIn(third, house.evil.origin, 'olga')
    await third.getByRole('button', { name: 'Add this browser from another of my devices' }).click()
    await enterCode(third, used)
    await says(third, 'failure', /No device waits|used already/)
    assert.equal(await testId(third, 'phrase').count(), 0)
  })

  it('the second device takes the first one out: of every camera, and it sees nothing any more', async () => {
    await second.getByRole('link', { name: 'Ownsight' }).click()
    await second.getByRole('button', { name: 'My devices' }).click()
    await until(async () => (await testId(second, 'device').count()) === 2, {
      timeout: 30_000,
      what: 'two devices',
    })
    await shoot(second, 'devices')
    await second.getByRole('button', { name: /^Remove / }).click()
    await shoot(second, 'devices-remove')
    await second.getByRole('button', { name: 'Remove', exact: true }).click()
    await until(async () => (await testId(second, 'device').count()) === 1, {
      timeout: 60_000,
      what: 'the removal to be confirmed',
    })
    await first.getByRole('link', { name: 'Ownsight' }).click()
    await testId(first, 'camera').getByRole('button', { name: DOOR }).click()
    await says(first, 'failure', /did not answer|removed/)
    assert.equal(await testId(first, 'video').count(), 0)
  })
})
