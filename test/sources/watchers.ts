import type { Page as FirefoxPage } from 'puppeteer-core'
import type { TestAgent } from '../support/agent.ts'
import { openPage, pair, signUp, untilState } from '../support/app.ts'
import { launchFirefox } from '../support/browsers.ts'
import * as firefox from '../support/firefox-app.ts'
import { openHouse } from '../support/house.ts'
import { type Evaluating, keepPeers } from '../support/lip-sync.ts'
import { openSoundCard } from '../support/sound-card.ts'

const SIZE = { width: 1280, height: 800 }

/** Somebody with one browser, a server of their own, and an account on it. */
export type Watcher = {
  readonly page: Evaluating
  /** Pairs the agent's one camera and watches it until it is live. */
  watch(cameras: { name: string; source: object }[]): Promise<TestAgent>
  turnSoundOn(): Promise<void>
  /** Back to the list. */
  leave(): Promise<void>
  close(): Promise<void>
}

export async function openChromium(): Promise<Watcher> {
  const house = await openHouse()
  const { origin, setupToken } = house.signaling()
  const { page } = await house.profile({ viewport: SIZE })
  await page.addInitScript(keepPeers)
  await signUp(page, origin, { token: setupToken, name: 'olga' })
  return {
    page,
    async watch(cameras) {
      const agent = house.agent(cameras)
      await pair(page, await agent.code(), cameras[0]?.name ?? '')
      await page.getByRole('button', { name: 'Watch' }).click()
      await untilState(page, 'live', 60_000)
      return agent
    },
    turnSoundOn: () => page.getByRole('button', { name: 'Sound on/off' }).click(),
    leave: () => openPage(page, origin),
    close: () => house.close(),
  }
}

export async function openFirefox(): Promise<Watcher> {
  const house = await openHouse()
  const { origin, setupToken } = house.signaling()
  const card = await openSoundCard()
  const { browser, close } = await launchFirefox({ env: card.env })
  const page: FirefoxPage = await browser.newPage()
  await page.setViewport(SIZE)
  await page.evaluateOnNewDocument(keepPeers)
  await firefox.signUp(page, origin, setupToken, 'ada')
  return {
    page,
    async watch(cameras) {
      const agent = house.agent(cameras)
      await firefox.pair(page, await agent.code(), cameras[0]?.name ?? '')
      await firefox.watchPaired(page)
      return agent
    },
    turnSoundOn: () => firefox.turnSoundOn(page),
    leave: async () => {
      await page.goto(origin)
    },
    close: async () => {
      await close()
      await card.close()
      await house.close()
    },
  }
}
