import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { testId } from './app.ts'

/** Sharing a camera as its owner and its guests do it in the page. */

/** From wherever the page is to the settings of a camera. */
export async function openSettings(page: Page, camera: string): Promise<void> {
  await page.getByRole('link', { name: 'Ownsight' }).click()
  await testId(page, 'camera').filter({ hasText: camera }).getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('heading', { name: 'People' }).waitFor()
}

export type Wish = {
  guest: string
  /** as the page says it: `Today`, `7 days`, `30 days`, `Family: without end` */
  until?: string
  rights?: readonly string[]
}

/** From the settings page: makes an invitation and returns its link. */
export async function inviteGuest(page: Page, wish: Wish): Promise<string> {
  await page.getByRole('button', { name: 'Invite', exact: true }).click()
  await page.locator('input[name=guest]').fill(wish.guest)
  for (const right of wish.rights ?? []) await page.getByRole('checkbox', { name: right }).check()
  if (wish.until) await page.getByRole('radio', { name: wish.until }).check()
  await shoot(page, 'invite')
  await page.getByRole('button', { name: 'Make the link' }).click()
  const link = testId(page, 'invite-link')
  await link.waitFor()
  return link.inputValue()
}

/** Back from the link to the settings page. */
export const closeLink = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Done', exact: true }).click()

/** Opens a link in a browser that has no account here, and makes one. */
export async function acceptAs(page: Page, link: string, name: string): Promise<void> {
  await page.goto(link)
  await page.locator('input[name=name]').fill(name)
  await page.locator('input[name=password]').fill('correct horse battery')
  await shoot(page, 'invited')
  await page.getByRole('button', { name: 'Make the account' }).click()
}

/** The same with an account that is there already. */
export async function acceptWith(page: Page, link: string, name: string): Promise<void> {
  await page.goto(link)
  await page.getByRole('button', { name: 'I have an account here' }).click()
  await page.locator('input[name=name]').fill(name)
  await page.locator('input[name=password]').fill('correct horse battery')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** The link opened in a tab where somebody is signed in already. */
export const acceptInTab = (page: Page, link: string): Promise<void> =>
  page.evaluate(hash => {
    location.hash = hash
  }, new URL(link).hash)

/** Keeps the moment at which `expression` first holds in the page. */
export const noteTime = (page: Page, expression: string): Promise<void> =>
  page.evaluate(`(() => {
    window.__noted = undefined
    const look = () => {
      if (window.__noted !== undefined || !(${expression})) return
      window.__noted = Date.now()
      observer.disconnect()
    }
    const observer = new MutationObserver(look)
    observer.observe(document.body, { childList: true, subtree: true })
    look()
  })()`)

/** Waits until it held; milliseconds since the epoch. */
export const notedTime = async (page: Page): Promise<number> =>
  Number(await (await page.waitForFunction('window.__noted')).jsonValue())

/** Removes a person on the settings page, question and all. */
export async function removePerson(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Remove ${name}` }).click()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
}

/** Keeps a picture of the page where OWNSIGHT_SHOTS names a folder; otherwise does nothing. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env.OWNSIGHT_SHOTS
  if (!folder) return
  const before = page.viewportSize()
  for (const [device, size] of [
    ['phone', { width: 390, height: 844 }],
    ['desktop', { width: 1280, height: 800 }],
  ] as const)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(folder, `${name}-${device}-${colorScheme}.png`), fullPage: true })
    }
  if (before) await page.setViewportSize(before)
  await page.emulateMedia({ colorScheme: 'light' })
}
