import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { liveState, pair, signUp, testId, untilState } from '../support/app.ts'
import { type Chromium, launchChromium } from '../support/browsers.ts'
import { createLan } from '../support/lan.ts'
import type { Network } from '../support/namespaces.ts'
import { type Moment, pictureStory, watchPicture } from '../support/picture-story.ts'
import { createPrivateCa, type PrivateCa, trustInChromium } from '../support/private-ca.ts'
import { shoot } from '../support/sharing.ts'
import { type SignalingProcess, spawnTestSignaling } from '../support/signaling.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { until } from '../support/wait.ts'

const SERVER = '192.168.1.20'
const CAMERA = '192.168.1.30'
const PHONES = ['192.168.1.40', '192.168.1.41']
const CAMERAS = [{ name: 'Door', source: { kind: 'test-pattern', width: 640, height: 360, fps: 15 } }]

/** A phone, a camera and a server on a network that changes under them. Nothing in it is clicked after the first LIVE. */
describe('roaming', function () {
  this.timeout(180_000)
  let lan: Network
  let folder = ''
  let home = ''
  let ca: PrivateCa
  let signaling: SignalingProcess
  let agent: TestAgent
  let chromium: Chromium
  let page: Page

  const startCamera = (data?: string): TestAgent =>
    startAgent({
      server: signaling.origin,
      cameras: CAMERAS,
      prefix: lan.prefix('camera'),
      env: { NODE_EXTRA_CA_CERTS: ca.ca },
      ...(data ? { data } : {}),
    })
  before(async () => {
    await buildViewer(() => undefined)
    folder = tempFolder('ca')
    home = tempFolder('home')
    ca = createPrivateCa(folder)
    trustInChromium(ca, home)
    lan = createLan({ server: SERVER, camera: CAMERA, phone: PHONES[0] ?? '' })
    const args = ['--host', SERVER, '--cert', ca.cert, '--key', ca.key]
    signaling = await spawnTestSignaling({
      port: 8443,
      viewer: viewerFolder,
      prefix: lan.prefix('server'),
      args,
    })
    agent = startCamera()
    chromium = await launchChromium({ namespace: lan.nameOf('phone'), home })
    page = chromium.context.pages()[0] ?? (await chromium.context.newPage())
    await signUp(page, signaling.origin, { token: signaling.setupToken, name: 'ada' })
    await pair(page, await agent.code(), 'Door')
    await agent.report(isServing)
    await page.getByRole('button', { name: 'Watch' }).click()
    await untilState(page, 'live')
    await watchPicture(page)
    await sleep(2000)
  })
  after(async () => {
    await chromium?.close()
    await agent?.dispose()
    await signaling?.close()
    lan?.close()
    removeTemp(folder)
    removeTemp(home)
  })
  beforeEach(async () => {
    await untilState(page, 'live', 30_000)
    await sleep(1000)
    await pictureStory(page)
  })

  /** Nothing passes between the phone and anybody. */
  const dark = (): void => {
    lan.run('phone', 'nft', 'add table inet dark')
    for (const hook of ['input', 'output'])
      lan.run(
        'phone',
        'nft',
        `add chain inet dark d_${hook} { type filter hook ${hook} priority 0; policy drop; }`,
      )
    lan.run('phone', 'nft', 'add rule inet dark d_input iifname "lo" accept')
    lan.run('phone', 'nft', 'add rule inet dark d_output oifname "lo" accept')
  }
  const light = (): void => void lan.run('phone', 'nft', 'delete table inet dark')

  /** Never LIVE over a picture that is older than the heartbeat's bound, with a look to spare. */
  function isHonest(story: readonly Moment[]): void {
    const lies = story.filter(({ state, age }) => state === 'live' && age > 3500)
    assert.deepEqual(lies, [], 'LIVE of an old picture')
  }
  const longestGap = (story: readonly Moment[]): number => Math.max(...story.map(({ age }) => age))

  it('another address: the picture is back without a click, and was never called live meanwhile', async () => {
    const [from, to] = PHONES
    const [device = ''] = /eth\d/.exec(lan.run('phone', 'ip', '-o', 'addr', 'show', 'to', `${from}/32`)) ?? []
    lan.run('phone', 'ip', 'addr', 'del', `${from}/24`, 'dev', device)
    lan.run('phone', 'ip', 'addr', 'add', `${to}/24`, 'dev', device)
    lan.run('phone', 'ip', 'route', 'replace', 'default', 'via', '192.168.1.1')
    await sleep(1000)
    await untilState(page, 'live', 20_000)
    await sleep(2000)
    const story = await pictureStory(page)
    isHonest(story)
    console.log(`      another address: ${Math.round(longestGap(story))} ms without a picture`)
    assert.ok(longestGap(story) < 10_000)
    assert.equal(await page.locator('video').count(), 1, 'one session is left')
  })

  it('a black hole: the last picture dims with its age, and a live one follows soon after its end', async () => {
    dark()
    let ended = 0
    try {
      await untilState(page, 'reconnecting', 10_000)
      await testId(page, 'picture-age').waitFor()
      await until(async () => (await testId(page, 'last-picture').count()) === 1, {
        timeout: 15_000,
        what: 'the last picture',
      })
      await sleep(4000)
      assert.notEqual(await liveState(page), 'live')
      const words = await testId(page, 'picture-age').innerText()
      assert.match(words, /^Last picture \d+ s ago, at \d\d:\d\d:\d\d$/)
      assert.ok(Number(/(\d+) s/.exec(words)?.[1]) >= 4, words)
      await shoot(page, 'reconnecting')
    } finally {
      light()
      ended = performance.now()
    }
    await untilState(page, 'live', 20_000)
    console.log(`      black hole: live ${Math.round(performance.now() - ended)} ms after its end`)
    await shoot(page, 'live')
    const said = await testId(page, 'camera-time').innerText()
    const [h = 0, m = 0, sec = 0] = said.split(':').map(Number)
    const now = new Date()
    const off = Math.abs(
      h * 3600 + m * 60 + sec - (now.getHours() * 3600 + now.getMinutes() * 60 + now.getSeconds()),
    )
    assert.ok(off < 5 || off > 86_390, `the camera's time is the picture's: ${said}`)
    isHonest(await pictureStory(page))
    assert.equal(await testId(page, 'last-picture').count(), 0)
  })

  it('a camera that hangs for a moment keeps its session', async () => {
    await page.evaluate(() => Object.assign(document.querySelector('video') ?? {}, { shownBefore: true }))
    // With its sources: it leads a group of its own.
    const group = -(agent.child.pid ?? 0)
    process.kill(group, 'SIGSTOP')
    await sleep(4000)
    assert.notEqual(await liveState(page), 'live')
    process.kill(group, 'SIGCONT')
    await untilState(page, 'live', 20_000)
    // Whatever was begun beside it has had its time.
    await sleep(3000)
    const kept = await page.evaluate(() => 'shownBefore' in (document.querySelector('video') ?? {}))
    assert.ok(kept, 'the element, and so the session, is the one that was shown before')
    assert.equal(await page.locator('video').count(), 1)
  })

  it('the camera agent is restarted: a new session without a click', async () => {
    const { data } = agent
    await agent.kill('SIGKILL')
    await until(async () => (await liveState(page)) !== 'live', {
      timeout: 10_000,
      what: 'the badge to change',
    })
    await sleep(3000)
    await shoot(page, 'offline')
    agent = startCamera(data)
    await untilState(page, 'live', 40_000)
    isHonest(await pictureStory(page))
  })

  it('signaling is cut: the picture goes on', async () => {
    const server = signaling.child.pid ?? 0
    process.kill(server, 'SIGSTOP')
    try {
      await sleep(6000)
      assert.equal(await liveState(page), 'live')
      assert.ok(longestGap(await pictureStory(page)) < 2500)
    } finally {
      process.kill(server, 'SIGCONT')
    }
  })

  it('a hidden page gets no frames after ten seconds, and has them again at once when it is seen', async () => {
    const frames = () =>
      page.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0)
    await setHidden(page, true)
    await untilState(page, 'paused', 15_000)
    await sleep(1000)
    const before = await frames()
    // Longer than a source stays open for nobody.
    await sleep(7000)
    assert.ok((await frames()) <= before + 1, 'nothing is decoded')
    await shoot(page, 'paused')
    const seen = performance.now()
    await setHidden(page, false)
    await untilState(page, 'live', 10_000)
    console.log(`      seen again: live after ${Math.round(performance.now() - seen)} ms`)
  })

  it('signing out in the middle leaves no picture of the camera', async () => {
    dark()
    try {
      await until(async () => (await page.locator('.last canvas').count()) === 1, {
        timeout: 20_000,
        what: 'the last picture',
      })
      await page.evaluate(() => Object.assign(window, { kept: document.querySelector('.last canvas') }))
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
      assert.equal(await page.locator('video, canvas').count(), 0)
      const width = await page.evaluate(() => (window as unknown as { kept: HTMLCanvasElement }).kept.width)
      assert.equal(width, 0, 'its pixels are gone')
    } finally {
      light()
    }
  })
})

/** What a browser says of a page in the background; headless ones never have one. */
const setHidden = (page: Page, hidden: boolean): Promise<void> =>
  page.evaluate(
    state => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    },
    hidden ? 'hidden' : 'visible',
  )
