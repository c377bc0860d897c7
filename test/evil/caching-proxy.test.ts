import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Signaling, startSignaling } from '@ownsight/signaling/server'
import type { Page } from 'playwright-core'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { pair, signUp, testId, untilState } from '../support/app.ts'
import { type Chromium, launchChromium } from '../support/browsers.ts'
import { until } from '../support/wait.ts'
import { type CachingProxy, startCachingProxy } from './caching-proxy.ts'

describe('evil: a cache that stores every GET and serves it to everybody', function () {
  this.timeout(180_000)
  let proxy: CachingProxy
  let signaling: Signaling
  const data = mkdtempSync(join(tmpdir(), 'ownsight-cached-'))
  const browsers: Chromium[] = []
  const agents: TestAgent[] = []
  before(async () => {
    await buildViewer(() => undefined)
    proxy = await startCachingProxy()
    signaling = await startSignaling({
      listen: { host: '127.0.0.1', port: 0 },
      origin: proxy.origin,
      data,
      viewer: viewerFolder,
      logLevel: 'silent',
    })
    proxy.to(signaling.port)
  })
  after(async () => {
    for (const browser of browsers) await browser.close()
    for (const agent of agents) await agent.dispose()
    await signaling.close()
    await proxy.close()
    rmSync(data, { recursive: true, force: true })
  })

  async function member(account: Parameters<typeof signUp>[2]): Promise<Page> {
    const chromium = await launchChromium()
    browsers.push(chromium)
    const page = chromium.context.pages()[0] ?? (await chromium.context.newPage())
    // The page says whether there is an account; a cached answer to that is older than the first one.
    await signUp(page, proxy.origin, account)
    return page
  }
  async function addCamera(page: Page, name: string): Promise<void> {
    const source = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }
    const agent = startAgent({ server: proxy.origin, cameras: [{ name, source }] })
    agents.push(agent)
    await pair(page, await agent.code(), name)
    await agent.report(isServing)
    await page.getByRole('button', { name: 'Watch' }).click()
    await untilState(page, 'live', 60_000)
  }

  it('F8: nothing of one account is ever shown to another, and what is watched is its own', async () => {
    const ada = await member({ token: signaling.setupToken ?? '', name: 'ada' })
    await addCamera(ada, 'Bedroom of Ada')
    const code = await ada.evaluate(async () => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch('/api/invitations', { method: 'POST', headers, body: '{}' })
      return ((await response.json()) as { invitation: string }).invitation
    })
    // From here on the store holds Ada's answers, her sealed list among them.
    await ada.reload()
    await until(() => proxy.hits.some(url => url.startsWith('/api/')), {
      timeout: 20_000,
      what: 'a cached answer',
    })

    const chromium = await launchChromium()
    browsers.push(chromium)
    const ben = chromium.context.pages()[0] ?? (await chromium.context.newPage())
    const foreign = /Bedroom of Ada/
    await ben.goto(proxy.origin)
    await until(async () => (await ben.locator('body').innerText()).length > 30, {
      timeout: 20_000,
      what: 'a page',
    })
    assert.doesNotMatch(await ben.locator('body').innerText(), foreign)
    // Signed up all the same, past the page that believes somebody is signed in.
    const status = await ben.evaluate(
      async ({ invitation }) => {
        const headers = { 'content-type': 'application/json' }
        const body = JSON.stringify({ invitation, name: 'ben', password: 'correct horse battery' })
        return (await fetch('/api/sign-up', { method: 'POST', headers, body })).status
      },
      { invitation: code },
    )
    assert.equal(status, 201)
    for (let i = 0; i < 3; i++) {
      await ben.reload()
      await until(async () => (await ben.locator('body').innerText()).length > 30, {
        timeout: 20_000,
        what: 'a page',
      })
      assert.equal(await testId(ben, 'camera').count(), 0)
      assert.equal(await ben.locator('video').count(), 0)
      assert.doesNotMatch(await ben.locator('body').innerText(), foreign)
    }
    assert.ok(proxy.hits.filter(url => url.startsWith('/api/')).length >= 3, proxy.hits.join(' '))
  })
})
