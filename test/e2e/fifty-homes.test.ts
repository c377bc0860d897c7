import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cameraTag, verifyMark } from '@ownsight/camera-agent/media/mark'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { type EvilServer, startEvilServer } from '../evil/evil-server.ts'
import { FAULT_NAMES } from '../evil/faults.ts'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { collectMarks, liveState, pair, signUp, takeMarks, testId } from '../support/app.ts'
import { launchShared } from '../support/browsers.ts'
import { writeMarkedClip } from '../support/marked-clip.ts'
import { until } from '../support/wait.ts'

const long = process.env.OWNSIGHT_LONG === '1'
const HOMES = long ? 50 : 10
const WAVE = 10
const FRAMES = long ? 100_000 : 5_000
/** One session, until it is left for a new one: the server has its say only where sessions begin. */
const FRAMES_A_VISIT = 80

type Home = {
  name: string
  id: string
  page: Page
  context: BrowserContext
  agent: TestAgent
  read: number
  unread: number
}

describe('homes in real browsers under the evil server', function () {
  this.timeout(long ? 45 * 60_000 : 8 * 60_000)
  const key = randomBytes(32)
  const folder = mkdtempSync(join(tmpdir(), 'ownsight-homes-'))
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
  const say = (line: string) => void process.stdout.write(`    ${line}\n`)
  let evil: EvilServer
  let browser: Browser
  let first: Page | undefined
  before(async () => {
    await buildViewer(() => undefined)
    evil = await startEvilServer({ seed, viewer: viewerFolder })
    browser = await launchShared()
  })
  after(async () => {
    await browser?.close()
    await evil?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const invitation = (page: Page): Promise<string> =>
    page.evaluate(async () => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch('/api/invitations', { method: 'POST', headers, body: '{}' })
      return ((await response.json()) as { invitation: string }).invitation
    })

  /** An account, a browser storage, an agent and a camera of its own, named like every other. */
  async function openHome(number: number): Promise<Home> {
    const name = `home-${number}`
    const id = `${name}-${'x'.repeat(20)}`
    const path = join(folder, `${name}.mkv`)
    await writeMarkedClip(path, id, key)
    const agent = startAgent({
      server: evil.origin,
      cameras: [{ name: 'Front door', source: { kind: 'file', path } }],
    })
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } })
    const page = await context.newPage()
    const token = first ? await invitation(first) : evil.setupToken
    await signUp(page, evil.origin, { token, name, invited: first !== undefined })
    first ??= page
    await pair(page, await agent.code(), 'Front door')
    await agent.report(isServing)
    await page.getByRole('link', { name: 'Ownsight' }).click()
    await collectMarks(page)
    return { name, id, page, context, agent, read: 0, unread: 0 }
  }

  async function closeHome(home: Home): Promise<void> {
    await home.agent.dispose()
    if (home.page !== first) await home.context.close()
  }

  /** Every frame that was drawn since the last look bears this home's own mark. */
  async function look(home: Home): Promise<void> {
    const { marks, unread } = await takeMarks(home.page)
    const tag = cameraTag(home.id)
    const foreign = marks.filter(mark => mark.camera !== tag)
    assert.equal(foreign.length, 0, `${foreign.length} foreign frames in ${home.name}, seed ${seed}`)
    assert.ok(marks.every(mark => verifyMark(mark, home.id, key)))
    home.read += marks.length
    home.unread += unread
  }

  /** Watches, leaves, watches again, until enough was read; a person who waits in vain reloads the page. */
  async function live(home: Home, frames: number): Promise<void> {
    const { page } = home
    for (let vain = 0; home.read < frames; ) {
      const before = home.read
      const enough = Math.min(frames, before + FRAMES_A_VISIT)
      // A machine that is busy with ten homes may take long over a click; one in vain is tried anew.
      const tile = testId(page, 'camera').getByRole('button', { name: 'Front door' }).first()
      await tile.click({ timeout: 30_000, noWaitAfter: true }).catch(() => undefined)
      await until(
        async () => {
          await look(home)
          return home.read >= enough || (await liveState(page)) === 'ended'
        },
        { timeout: 40_000, every: 500, what: 'frames' },
      ).catch(error => {
        if (error instanceof assert.AssertionError) throw error
      })
      vain = home.read > before ? 0 : vain + 1
      assert.ok(vain < 8, `${home.name} never came, seed ${seed}`)
      if (vain === 0) await page.getByRole('link', { name: 'Ownsight' }).click()
      else {
        await page.goto(evil.origin)
        await collectMarks(page)
        await testId(page, 'camera').first().waitFor({ timeout: 30_000 })
      }
      await look(home)
    }
  }

  it(`attack 46: F1: ${HOMES} homes: each drawn frame bears the mark of its own camera, ${FRAMES} of them read`, async () => {
    say(`seed ${seed}`)
    let read = 0
    let unread = 0
    for (let begin = 0; begin < HOMES; begin += WAVE) {
      evil.randomly(undefined)
      const homes: Home[] = []
      for (let i = begin; i < Math.min(HOMES, begin + WAVE); i++) homes.push(await openHome(i))
      evil.randomly({ rate: 0.08 })
      const storms = setInterval(() => evil.cutAll(), 15_000)
      try {
        await Promise.all(homes.map(home => live(home, Math.ceil(FRAMES / HOMES))))
      } finally {
        clearInterval(storms)
      }
      evil.randomly(undefined)
      read += homes.reduce((sum, home) => sum + home.read, 0)
      unread += homes.reduce((sum, home) => sum + home.unread, 0)
      say(`${begin + homes.length} homes, ${read} frames read, 0 foreign, ${unread} without a readable mark`)
      await Promise.all(homes.map(closeHome))
    }
    const done = FAULT_NAMES.filter(name => evil.counts[name])
    say(`faults: ${done.map(name => `${name} ${evil.counts[name]}`).join(', ')}`)
    assert.ok(read >= FRAMES)
    assert.ok(unread <= read / 100, `${unread} frames could not be read`)
    assert.ok(done.length >= 5, done.join(' '))
  })
})
