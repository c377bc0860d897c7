import type { Page } from 'playwright-core'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { pair, signUp } from '../support/app.ts'
import { type Chromium, type ChromiumOptions, launchChromium } from '../support/browsers.ts'
import { type EvilOptions, type EvilServer, startEvilServer } from './evil-server.ts'

/** Real browsers and real agents around the evil server, all ended by one `close`. */
export type EvilHouse = {
  readonly evil: EvilServer
  agent(cameras: { name: string; source?: unknown }[]): TestAgent
  profile(options?: ChromiumOptions): Promise<{ page: Page; chromium: Chromium }>
  /** A page of its own browser, signed in to an account of its own. */
  member(name: string): Promise<Page>
  /** For one more account in a browser that has one. */
  invitation(): Promise<string>
  /** Pairs the camera that shows a code now; returns its id. The page ends at its list of cameras. */
  pair(page: Page, agent: TestAgent, camera: string): Promise<string>
  close(): Promise<void>
}

const SMALL = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }

export async function openEvilHouse(options: EvilOptions = {}): Promise<EvilHouse> {
  await buildViewer(() => undefined)
  const evil = await startEvilServer({ ...options, viewer: viewerFolder })
  const agents: TestAgent[] = []
  const browsers: Chromium[] = []
  let first: Page | undefined

  async function profile(chromiumOptions: ChromiumOptions = {}) {
    const chromium = await launchChromium(chromiumOptions)
    browsers.push(chromium)
    return { chromium, page: chromium.context.pages()[0] ?? (await chromium.context.newPage()) }
  }
  const invitation = async () => (first ? inviteFrom(first) : '')
  return {
    evil,
    agent(cameras) {
      const named = cameras.map(({ name, source = SMALL }) => ({ name, source }))
      const agent = startAgent({ server: evil.origin, cameras: named })
      agents.push(agent)
      return agent
    },
    profile,
    invitation,
    async member(name) {
      const { page } = await profile()
      const token = first ? await invitation() : evil.setupToken
      await signUp(page, evil.origin, { token, name, invited: first !== undefined })
      first ??= page
      return page
    },
    async pair(page, agent, camera) {
      const shown = await agent.report(each => each.event === 'pairing-code' && each.camera === camera)
      const code = 'code' in shown ? shown.code : ''
      await pair(page, code, camera)
      await agent.report(each => isServing(each) && 'camera' in each && each.camera === camera)
      await page.getByRole('link', { name: 'Ownsight' }).click()
      return code.split(':')[2] ?? ''
    },
    async close() {
      for (const browser of browsers) await browser.close()
      for (const agent of agents) await agent.dispose()
      await evil.close()
    },
  }
}

const inviteFrom = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch('/api/invitations', { method: 'POST', headers, body: '{}' })
    return ((await response.json()) as { invitation: string }).invitation
  })
