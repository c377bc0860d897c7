import type { Page } from 'playwright-core'
import { type ReadMark, readMark } from './mark-reader.ts'
import { until } from './wait.ts'

/** The viewer as a person uses it: every step goes through what the page shows. */
export type LiveState = 'connecting' | 'live' | 'stalled' | 'reconnecting' | 'offline' | 'paused' | 'ended'

export const testId = (page: Page, id: string) => page.locator(`[data-testid="${id}"]`)

/** Opens a page, once more for each change of network that Chromium meets in a namespace that was just made. */
export async function openPage(page: Page, url: string): Promise<void> {
  for (let left = 3; ; left--) {
    try {
      await page.goto(url)
      return
    } catch (error) {
      if (left === 0 || !(error as Error).message.includes('ERR_NETWORK_CHANGED')) throw error
    }
  }
}

/** First account with the console's token, or a later one by invitation. */
export async function signUp(
  page: Page,
  origin: string,
  account: { token: string; name: string; password?: string; invited?: boolean },
): Promise<void> {
  await openPage(page, origin)
  if (account.invited) await page.getByRole('button', { name: 'I have an invitation' }).click()
  await page.locator('input[name=token]').fill(account.token)
  await page.locator('input[name=name]').fill(account.name)
  await page.locator('input[name=password]').fill(account.password ?? 'correct horse battery')
  await page.locator('form button[type=submit]').click()
  await page.getByRole('heading', { name: 'Cameras', exact: true }).waitFor()
}

export async function signIn(
  page: Page,
  origin: string,
  name: string,
  password = 'correct horse battery',
): Promise<void> {
  await openPage(page, origin)
  await page.locator('input[name=name]').fill(name)
  await page.locator('input[name=password]').fill(password)
  await page.locator('form button[type=submit]').click()
  await page.getByRole('heading', { name: 'Cameras', exact: true }).waitFor()
}

/** Pairs with the code the camera shows; makes the recovery kit first where there is none. Returns the four words. */
export async function pair(page: Page, code: string, name: string): Promise<string> {
  await page.getByRole('button', { name: 'Add a camera' }).click()
  const input = testId(page, 'pairing-code')
  const words = testId(page, 'kit-words')
  await input.or(words).first().waitFor()
  if (await words.isVisible()) await makeKit(page)
  await input.fill(code)
  await testId(page, 'camera-name').fill(name)
  await page.getByRole('button', { name: 'Pair', exact: true }).click()
  const phrase = testId(page, 'phrase')
  await phrase.waitFor()
  return (await phrase.innerText()).trim()
}

/** Reads the 24 words, says they are kept, and types the two that are asked for. Returns the words. */
export async function makeKit(page: Page): Promise<string[]> {
  const words = await testId(page, 'kit-words').locator('li').allInnerTexts()
  await page.getByRole('button', { name: 'I have kept it' }).click()
  const fields = page.locator('input[name^="word-"]')
  for (const field of await fields.all()) {
    const place = Number((await field.getAttribute('name'))?.slice('word-'.length))
    await field.fill(words[place] ?? '')
  }
  await page.getByRole('button', { name: 'Done' }).click()
  return words
}

export async function watch(page: Page, name: string): Promise<void> {
  await testId(page, 'camera').getByRole('button', { name }).click()
}

export const liveState = async (page: Page): Promise<LiveState | undefined> => {
  const badge = testId(page, 'live-badge')
  return (await badge.count()) > 0 ? ((await badge.getAttribute('data-state')) as LiveState) : undefined
}

export const untilState = (page: Page, state: LiveState, timeout = 20_000): Promise<boolean> =>
  until(async () => (await liveState(page)) === state, { timeout, what: `the picture to be ${state}` })

/**
 * From now on reads every frame that the page's video elements present, whichever there are: the test's own eyes,
 * beside the app and unknown to it. `unread` counts frames whose mark could not be read.
 */
export async function collectMarks(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    const readMark = ${readMark.toString()}
    const seen = (window.__seen = { marks: [], unread: 0 })
    const canvas = document.createElement('canvas')
    const context = canvas.getContext('2d', { willReadFrequently: true })
    const known = new WeakSet()
    const look = video => {
      const { videoWidth: width, videoHeight: height } = video
      if (width > 0) {
        Object.assign(canvas, { width, height })
        context.drawImage(video, 0, 0)
        const mark = readMark(context.getImageData(0, 0, width, height).data, width, height)
        if (mark) seen.marks.push({ ...mark, at: performance.now() })
        else seen.unread++
      }
      video.requestVideoFrameCallback(() => look(video))
    }
    setInterval(() => {
      for (const video of document.querySelectorAll('video')) {
        if (known.has(video)) continue
        known.add(video)
        video.requestVideoFrameCallback(() => look(video))
      }
    }, 20)
  })()`)
}

/** `at`: when the page drew it, ms by its own clock */
export type TimedMark = ReadMark & { at: number }

/** What was read since `collectMarks`, or since the last call. */
export const takeMarks = (page: Page): Promise<{ marks: TimedMark[]; unread: number }> =>
  page.evaluate(`(() => {
    const { marks, unread } = window.__seen
    Object.assign(window.__seen, { marks: [], unread: 0 })
    return { marks, unread }
  })()`)
