import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { signIn, testId, untilState, watch } from '../support/app.ts'
import { type House, openHouse } from '../support/house.ts'
import { shoot } from '../support/sharing.ts'
import { runSignaling } from '../support/signaling.ts'

const OLD = 'correct horse battery'
const NEW = 'staple battery horse'
const NEWEST = 'horse staple correct'
const CAMERA = 'Front door'
const source = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }

/** The operator's link, from the console to the page: it gives back the account, and nothing else. */
describe('a forgotten password', function () {
  this.timeout(240_000)
  let house: House
  let owner: Page
  let fresh: Page
  let origin = ''
  let link = ''

  before(async () => {
    house = await openHouse()
    origin = house.signaling().origin
    owner = await house.member('olga')
    await house.pairAndWatch(owner, house.agent([{ name: CAMERA, source }]), CAMERA)
    fresh = (await house.profile()).page
  })
  after(() => house?.close())

  async function resetLink(): Promise<string> {
    const { data, port } = house.signaling()
    const { exited, output } = runSignaling(['account', 'reset', 'olga', '--data', data, '--port', `${port}`])
    assert.equal((await exited).code, 0, output())
    return /http\S+#reset=\S+/.exec(output())?.[0] ?? ''
  }
  async function setPassword(page: Page, password: string, again = password): Promise<void> {
    await page.locator('input[name=password]').fill(password)
    await page.locator('input[name=again]').fill(again)
    await page.getByRole('button', { name: 'Set the password' }).click()
  }
  const alert = (page: Page, text: string) =>
    page.getByRole('alert').filter({ hasText: text }).waitFor({ timeout: 30_000 })
  async function trySignIn(page: Page, password: string): Promise<void> {
    await page.goto(origin)
    await page.locator('input[name=name]').fill('olga')
    await page.locator('input[name=password]').fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }

  it('is set anew by the link, which leaves the address at once', async () => {
    link = await resetLink()
    assert.ok(link.startsWith(`${origin}/#reset=`), 'the console prints a link')
    await fresh.goto('about:blank')
    await fresh.goto(link)
    await fresh.getByRole('heading', { name: 'Set a new password' }).waitFor()
    assert.equal(await fresh.evaluate('location.href'), `${origin}/`)
    await fresh.getByText('This gives you your account back, not your cameras').waitFor()
    await shoot(fresh, 'reset')
    await setPassword(fresh, NEW, `${NEW}.`)
    await alert(fresh, 'The two passwords are not the same.')
    await shoot(fresh, 'reset-differs')
    await setPassword(fresh, NEW)
    await testId(fresh, 'keyless').waitFor({ timeout: 30_000 })
    await shoot(fresh, 'reset-done')
  })

  it('gives no camera: a browser without keys shows none, nor the name of one', async () => {
    assert.equal(await testId(fresh, 'camera').count(), 0)
    assert.doesNotMatch(await fresh.locator('body').innerText(), new RegExp(CAMERA))
    await fresh.goBack()
    assert.doesNotMatch(fresh.url(), /reset/)
  })

  it('ends every other sign-in; the device with the keys signs in again and watches', async () => {
    await trySignIn(owner, OLD)
    await alert(owner, 'password')
    await signIn(owner, origin, 'olga', NEW)
    await watch(owner, CAMERA)
    await untilState(owner, 'live', 60_000)
  })

  it('a link is good once, and a later one makes it void', async () => {
    const other = (await house.profile()).page
    await other.goto(link)
    await setPassword(other, NEWEST)
    await alert(other, 'This code was used or is too old')
    await shoot(other, 'reset-used')
    await other.getByRole('button', { name: 'Cancel' }).click()
    await other.getByRole('button', { name: 'I forgot my password' }).click()
    await other.locator('input[name=code]').fill('not a code')
    await setPassword(other, NEWEST)
    await alert(other, 'This is not a reset code')
    await shoot(other, 'reset-code')
    const [first, second] = [await resetLink(), await resetLink()]
    await other.locator('input[name=code]').fill(first)
    await setPassword(other, NEWEST)
    await alert(other, 'This code was used or is too old')
    await other.locator('input[name=code]').fill(second.split('=')[1] ?? '')
    await setPassword(other, NEWEST)
    await testId(other, 'keyless').waitFor({ timeout: 30_000 })
  })

  it('a link opened where somebody is signed in changes nothing until it is used', async () => {
    await signIn(owner, origin, 'olga', NEWEST)
    const hash = new URL(await resetLink()).hash
    await owner.evaluate(next => {
      location.hash = next
    }, hash)
    await owner.getByRole('heading', { name: 'Set a new password' }).waitFor()
    assert.doesNotMatch(owner.url(), /reset/)
    await owner.getByRole('button', { name: 'Cancel' }).click()
    await testId(owner, 'camera').filter({ hasText: CAMERA }).waitFor({ timeout: 30_000 })
  })
})
