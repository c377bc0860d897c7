import { readdirSync, readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { type AgentOptions, isServing, startAgent, type TestAgent } from './agent.ts'
import { pair, signUp, untilState, watch } from './app.ts'
import { type Chromium, type ChromiumOptions, launchChromium } from './browsers.ts'
import { type SignalingProcess, type SignalingProcessOptions, spawnTestSignaling } from './signaling.ts'

/** A signaling server as a process, agents and browsers around it, all ended by one `close`. */
export type House = {
  signaling(): SignalingProcess
  /** Starts the server again on the same port and data. */
  restartSignaling(as?: Pick<SignalingProcessOptions, 'env' | 'nodeArgs'>): Promise<void>
  agent(
    cameras: { name: string; source: unknown; audio?: boolean }[],
    more?: Pick<AgentOptions, 'env' | 'nodeArgs'>,
  ): TestAgent
  /** A new browser profile with its one page. */
  profile(options?: ChromiumOptions): Promise<{ page: Page; chromium: Chromium }>
  /** A page signed in to an account of its own: the first with the console's token, the others invited. */
  member(name: string): Promise<Page>
  /** Pairs the camera that shows a code now, and watches it. */
  pairAndWatch(page: Page, agent: TestAgent, camera: string): Promise<void>
  close(): Promise<void>
}

export async function openHouse(options: SignalingProcessOptions = {}): Promise<House> {
  await buildViewer(() => undefined)
  let signaling = await spawnTestSignaling({ ...options, viewer: viewerFolder })
  const { port, data, setupToken, origin } = signaling
  const agents: TestAgent[] = []
  const browsers: Chromium[] = []
  let first: Page | undefined

  async function profile(chromiumOptions: ChromiumOptions = {}) {
    const chromium = await launchChromium(chromiumOptions)
    browsers.push(chromium)
    return { chromium, page: chromium.context.pages()[0] ?? (await chromium.context.newPage()) }
  }
  return {
    signaling: () => signaling,
    async restartSignaling(as = {}) {
      signaling = await spawnTestSignaling({ ...options, ...as, viewer: viewerFolder, port, data })
    },
    agent(cameras, more = {}) {
      const agent = startAgent({ server: origin, cameras, ...more })
      agents.push(agent)
      return agent
    },
    profile,
    async member(name) {
      const { page } = await profile()
      if (!first) await signUp(page, origin, { token: setupToken, name })
      else await signUp(page, origin, { token: await invitation(first), name, invited: true })
      first ??= page
      return page
    },
    async pairAndWatch(page, agent, camera) {
      const { code } = (await agent.report(
        report => report.event === 'pairing-code' && report.camera === camera,
      )) as { code: string }
      await pair(page, code, camera)
      await agent.report(report => isServing(report) && 'camera' in report && report.camera === camera)
      await page.getByRole('button', { name: 'Watch' }).click()
      await untilState(page, 'live')
    },
    async close() {
      for (const browser of browsers) await browser.close()
      for (const agent of agents) await agent.dispose()
      await signaling.close()
    },
  }
}

const invitation = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch('/api/invitations', { method: 'POST', headers, body: '{}' })
    return ((await response.json()) as { invitation: string }).invitation
  })

/** The children of a process that run a media source. */
export function sourceProcesses(parent: number): number[] {
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number)
    .filter(pid => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')
        return (
          Number(fields[1]) === parent &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('source-process')
        )
      } catch {
        return false
      }
    })
}

/** From the list of cameras to a live picture. */
export async function watchLive(page: Page, camera: string): Promise<void> {
  await watch(page, camera)
  await untilState(page, 'live')
}
