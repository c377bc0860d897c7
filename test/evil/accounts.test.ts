import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { signIn, testId, untilState, watch } from '../support/app.ts'
import { until } from '../support/wait.ts'
import { type EvilHouse, openEvilHouse } from './evil-house.ts'

const text = (page: Page) => page.locator('body').innerText()
const names = async (page: Page) =>
  (await testId(page, 'camera').allInnerTexts()).map(each => each.split('\n')[0])

describe('evil: accounts mixed up, in real browsers', function () {
  this.timeout(240_000)
  let house: EvilHouse
  let ada: Page
  let ben: Page
  const ids: { [name: string]: string } = {}
  before(async () => {
    house = await openEvilHouse()
    ada = await house.member('ada')
    ben = await house.member('ben')
    ids.ada = await house.pair(ada, house.agent([{ name: 'Bedroom of Ada' }]), 'Bedroom of Ada')
    ids.ben = await house.pair(ben, house.agent([{ name: 'Shed of Ben' }]), 'Shed of Ben')
  })
  after(() => house?.close())

  /** Signed in anew where the mix-up cost the session, this person's one camera is there and no other. */
  const isOwn = async (page: Page, account: 'ada' | 'ben', name: string) => {
    await page.goto(house.evil.origin)
    const signedOut = page.getByRole('heading', { name: 'Sign in' })
    await signedOut.or(page.getByRole('heading', { name: 'Cameras' })).waitFor()
    if (await signedOut.isVisible()) await signIn(page, house.evil.origin, account)
    await testId(page, 'camera').first().waitFor()
    assert.deepEqual(await names(page), [name])
  }
  const tryToSignIn = async (page: Page, name: string) => {
    await page.goto(house.evil.origin)
    await page.locator('input[name=name]').fill(name)
    await page.locator('input[name=password]').fill('correct horse battery')
    await page.locator('form button[type=submit]').click()
  }
  /** Neither name nor picture of the other, however long the page was looked at. */
  const isEmpty = async (page: Page, foreign: RegExp) => {
    assert.deepEqual(await names(page), [])
    assert.equal(await page.locator('video').count(), 0)
    assert.doesNotMatch(await text(page), foreign)
  }

  it('attack 44, F4: who is signed in as somebody else is told so, and nothing opens', async () => {
    const stop = house.evil.inject('log-in-as-another')
    await ada.getByRole('button', { name: 'Sign out' }).click()
    await ben.getByRole('button', { name: 'Sign out' }).click()
    await signIn(ada, house.evil.origin, 'ada')
    await tryToSignIn(ben, 'ben')
    await testId(ben, 'failure').filter({ hasText: 'another account' }).waitFor()
    assert.ok((house.evil.counts['log-in-as-another'] ?? 0) > 0)
    await isEmpty(ben, /Bedroom of Ada/)
    stop()
    await isOwn(ben, 'ben', 'Shed of Ben')
    await isOwn(ada, 'ada', 'Bedroom of Ada')
  })

  it('F4: with every request served as another’s, nobody sees a foreign name or picture', async () => {
    const stop = house.evil.inject('foreign-cookie')
    for (let i = 0; i < 4; i++) {
      for (const page of [ada, ben]) await page.reload()
      for (const [page, foreign] of [
        [ada, /Shed of Ben/],
        [ben, /Bedroom of Ada/],
      ] as const) {
        await until(async () => (await text(page)).length > 40, { timeout: 20_000, what: 'a page' })
        assert.doesNotMatch(await text(page), foreign)
        assert.equal(await page.locator('video').count(), 0)
      }
    }
    assert.ok((house.evil.counts['foreign-cookie'] ?? 0) > 0)
    stop()
    await isOwn(ada, 'ada', 'Bedroom of Ada')
    await isOwn(ben, 'ben', 'Shed of Ben')
  })

  it('attack 33, F15: rosters swapped or rolled back in the database do not open, and say so', async () => {
    const { rows } = house.evil.world
    const [a = '', b = ''] = ['ada', 'ben'].map(name => rows.account(name))
    rows.swapRosters(a, b)
    for (const page of [ada, ben]) {
      await page.reload()
      await testId(page, 'failure').filter({ hasText: 'not used' }).waitFor()
      await isEmpty(page, /Shed of Ben|Bedroom of Ada/)
    }
    rows.swapRosters(a, b)
    await isOwn(ada, 'ada', 'Bedroom of Ada')
    await isOwn(ben, 'ben', 'Shed of Ben')
  })

  it('F3: two cameras swapped in the routing entries: neither is shown under the other’s name', async () => {
    const { rows } = house.evil.world
    rows.swapCameras(ids.ada ?? '', ids.ben ?? '')
    await ada.reload()
    await watch(ada, 'Bedroom of Ada')
    await testId(ada, 'failure').waitFor({ timeout: 60_000 })
    assert.doesNotMatch(await text(ada), /Shed of Ben/)
    rows.swapCameras(ids.ada ?? '', ids.ben ?? '')
    await ada.reload()
    await watch(ada, 'Bedroom of Ada')
    await untilState(ada, 'live', 60_000)
    // During a session: what is watched goes on, since nothing of it hangs on the row.
    rows.swapCameras(ids.ada ?? '', ids.ben ?? '')
    const frames = () =>
      ada.evaluate('document.querySelector("video").getVideoPlaybackQuality().totalVideoFrames')
    const before = Number(await frames())
    await until(async () => Number(await frames()) > before + 20, { timeout: 30_000, what: 'more frames' })
    rows.swapCameras(ids.ada ?? '', ids.ben ?? '')
    await ada.getByRole('link', { name: 'Ownsight' }).click()
  })

  it('attack 44: in one browser, signed out and in as another: nothing of the first', async () => {
    await ada.getByRole('button', { name: 'Sign out' }).click()
    await signIn(ada, house.evil.origin, 'ben')
    await ada.getByText('holds no keys').waitFor()
    await isEmpty(ada, /Bedroom of Ada/)
    await ada.getByRole('button', { name: 'Sign out' }).click()
    await isOwn(ada, 'ada', 'Bedroom of Ada')
  })

  it('attack 44: a session that the server kept after sign-out, or hands to another, opens nothing of the first', async () => {
    await isOwn(ada, 'ada', 'Bedroom of Ada')
    // The server says that it ended the session, and keeps it.
    house.evil.hooks.request = ({ url }) =>
      url === '/api/sign-out' ? { response: { status: 204, headers: {}, body: Buffer.alloc(0) } } : undefined
    await ada.getByRole('button', { name: 'Sign out' }).click()
    await ada.goto(house.evil.origin)
    await ada.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.doesNotMatch(await text(ada), /Bedroom of Ada/)
    // Ben signs in at Ada's browser, and is handed her session.
    const account = { id: house.evil.world.rows.account('ada'), name: 'ben' }
    house.evil.hooks.response = (response, { url }) =>
      url === '/api/sign-in' ? { ...response, body: Buffer.from(JSON.stringify({ account })) } : undefined
    await tryToSignIn(ada, 'ben')
    await testId(ada, 'failure').filter({ hasText: 'another account' }).waitFor()
    await isEmpty(ada, /Bedroom of Ada/)
    house.evil.hooks.request = undefined
    house.evil.hooks.response = undefined
    await isOwn(ada, 'ada', 'Bedroom of Ada')
  })
})
