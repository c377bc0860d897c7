import type { Page } from 'playwright-core'
import type { LiveState } from './app.ts'

/** What the page said at one moment, and how old the picture it showed was: ms since its newest frame was drawn. */
export type Moment = { at: number; state: LiveState; age: number }

/** From now on looks at badge and picture ten times a second: the test's own eyes, unknown to the app. */
export async function watchPicture(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    const story = (window.__story = [])
    const drawn = new WeakMap()
    const follow = video => {
      drawn.set(video, drawn.get(video) ?? -Infinity)
      video.requestVideoFrameCallback(now => {
        drawn.set(video, performance.now())
        follow(video)
      })
    }
    const found = () => {
      for (const video of document.querySelectorAll('video')) if (!drawn.has(video)) follow(video)
    }
    // At once: a callback that is asked for after the first frame hears of the second.
    new MutationObserver(found).observe(document.body, { childList: true, subtree: true })
    found()
    let newest = performance.now()
    setInterval(() => {
      const badge = document.querySelector('[data-testid="live-badge"]')
      const video = document.querySelector('[data-testid="video"]')
      if (!badge) return
      if (video) newest = Math.max(newest, drawn.get(video) ?? -Infinity)
      const now = performance.now()
      story.push({ at: now, state: badge.dataset.state, age: now - newest })
    }, 100)
  })()`)
}

/** Every moment since `watchPicture`, or since the last call. */
export const pictureStory = (page: Page): Promise<Moment[]> =>
  page.evaluate('window.__story.splice(0)') as Promise<Moment[]>
