import type { Page } from 'puppeteer-core'
import { until } from './wait.ts'

/** The viewer in Firefox as a person uses it; app.ts is the same in Chromium, by another driver. */

const TIMEOUT_MS = 60_000

export async function signUp(page: Page, origin: string, token: string, name: string): Promise<void> {
  await page.goto(origin)
  await fill(page, 'input[name=token]', token)
  await fill(page, 'input[name=name]', name)
  await fill(page, 'input[name=password]', 'correct horse battery')
  await page.locator('form button[type=submit]').click()
}

/** Makes the recovery kit first where there is none. */
export async function pair(page: Page, code: string, name: string): Promise<void> {
  await press(page, 'Add a camera')
  await page.waitForSelector('[data-testid="kit-words"] li, [data-testid="pairing-code"]')
  if (await page.$('[data-testid="kit-words"] li')) await makeKit(page)
  await fill(page, '[data-testid="pairing-code"]', code)
  await fill(page, '[data-testid="camera-name"]', name)
  await press(page, 'Pair')
}

/** From the end of pairing to a live picture. */
export async function watchPaired(page: Page): Promise<void> {
  await press(page, 'Watch')
  const live = '[data-testid="live-badge"][data-state="live"]'
  await until(() => page.$(live), { timeout: TIMEOUT_MS, what: 'a live picture' })
}

export async function turnSoundOn(page: Page): Promise<void> {
  const speaker = await page.waitForSelector('button[aria-label="Sound on/off"]')
  await speaker?.click()
}

async function makeKit(page: Page): Promise<void> {
  const words = await page.$$eval('[data-testid="kit-words"] li', items =>
    items.map(item => item.textContent ?? ''),
  )
  await press(page, 'I have kept it')
  await page.waitForSelector('input[name^="word-"]')
  const names = await page.$$eval('input[name^="word-"]', inputs =>
    inputs.map(input => input.getAttribute('name') ?? ''),
  )
  for (const name of names)
    await fill(page, `input[name="${name}"]`, words[Number(name.slice('word-'.length))] ?? '')
  await press(page, 'Done')
}

async function fill(page: Page, selector: string, text: string): Promise<void> {
  const field = await page.waitForSelector(selector)
  await field?.type(text)
}

async function press(page: Page, name: string): Promise<void> {
  const button = await page.waitForSelector(`::-p-xpath(//button[normalize-space()='${name}'])`)
  await button?.click()
}
