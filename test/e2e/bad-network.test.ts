import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cameraTag, verifyMark } from '@ownsight/camera-agent/media/mark'
import type { Page } from 'playwright-core'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { collectMarks, liveState, pair, signUp, takeMarks, untilState, watch } from '../support/app.ts'
import { type Chromium, launchChromium } from '../support/browsers.ts'
import { createLan } from '../support/lan.ts'
import type { ReadMark } from '../support/mark-reader.ts'
import type { Network } from '../support/namespaces.ts'
import { createPrivateCa, type PrivateCa, trustInChromium } from '../support/private-ca.ts'
import { type SignalingProcess, spawnTestSignaling } from '../support/signaling.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { until } from '../support/wait.ts'

const HOSTS = { server: '192.168.1.20', camera: '192.168.1.30', phone: '192.168.1.40' }

/** The fault of 2020 woke up under poor networks: here what is drawn is looked at, not how well it flows. */
describe('a bad network, in a real browser', function () {
  this.timeout(240_000)
  const key = randomBytes(32)
  let lan: Network
  let ca: PrivateCa
  let signaling: SignalingProcess
  let agent: TestAgent
  let chromium: Chromium
  let page: Page
  let camId = ''
  const folders: string[] = []

  before(async () => {
    await buildViewer(() => undefined)
    lan = createLan(HOSTS)
    folders.push(tempFolder('ca'), tempFolder('home'))
    const [folder = '', home = ''] = folders
    ca = createPrivateCa(folder)
    trustInChromium(ca, home)
    const args = ['--host', HOSTS.server, '--cert', ca.cert, '--key', ca.key]
    signaling = await spawnTestSignaling({
      port: 8443,
      viewer: viewerFolder,
      prefix: lan.prefix('server'),
      args,
    })
    const mark = { key: key.toString('base64url') }
    agent = startAgent({
      server: signaling.origin,
      prefix: lan.prefix('camera'),
      env: { NODE_EXTRA_CA_CERTS: ca.ca },
      cameras: [
        { name: 'Door', source: { kind: 'test-pattern', width: 320, height: 180, fps: 10, mark } },
        { name: 'Cellar', source: { kind: 'test-pattern', width: 320, height: 180, fps: 10, mark } },
      ],
    })
    chromium = await launchChromium({ namespace: lan.nameOf('phone'), home })
    page = chromium.context.pages()[0] ?? (await chromium.context.newPage())
    await signUp(page, signaling.origin, { token: signaling.setupToken, name: 'ada' })
    const found = await agent.report(each => each.event === 'pairing-code' && each.camera === 'Door')
    const { code } = found as { code: string }
    camId = code.split(':')[2] ?? ''
    await pair(page, code, 'Door')
    await agent.report(each => isServing(each) && 'camera' in each && each.camera === 'Door')
    lan.run('phone', 'nft', 'add table inet lossy')
    lan.run('phone', 'nft', 'add chain inet lossy l_in { type filter hook input priority 0; }')
    lan.run('phone', 'nft', 'add chain inet lossy l_out { type filter hook output priority 0; }')
  })
  after(async () => {
    await chromium?.close()
    await agent?.dispose()
    await signaling?.close()
    lan?.close()
    for (const folder of folders) removeTemp(folder)
  })

  /** Of 100 packets so many are lost, each way, at the phone; of TCP too. */
  function lose(percent: number): void {
    for (const chain of ['l_in', 'l_out']) {
      lan.run('phone', 'nft', `flush chain inet lossy ${chain}`)
      if (percent > 0)
        lan.run(
          'phone',
          'nft',
          `add rule inet lossy ${chain} numgen random mod 1000 < ${percent * 10 - 1} counter drop`,
        )
    }
  }
  const dropped = (): boolean => /packets [1-9]/.test(lan.run('phone', 'nft', 'list table inet lossy'))

  function judge(marks: readonly ReadMark[]): void {
    const foreign = marks.filter(mark => mark.camera !== cameraTag(camId))
    assert.equal(foreign.length, 0, 'a frame of another camera')
    assert.ok(marks.every(mark => verifyMark(mark, camId, key)))
  }

  for (const percent of [5, 20])
    it(`F9: ${percent} % loss each way: every frame that is drawn is this camera’s, and LIVE is said of a picture that moves`, async () => {
      lose(percent)
      await page.goto(signaling.origin)
      await collectMarks(page)
      await watch(page, 'Door')
      const marks: ReadMark[] = []
      await until(
        async () => {
          marks.push(...(await takeMarks(page)).marks)
          return marks.length >= 50
        },
        { timeout: 90_000, every: 500, what: '50 frames' },
      )
      judge(marks)
      assert.ok(dropped(), 'packets were lost')
    })

  it('F9: a black hole: the picture is not called live for long, and comes back by itself', async () => {
    lose(0)
    await page.goto(signaling.origin)
    await collectMarks(page)
    await watch(page, 'Door')
    await untilState(page, 'live')
    lose(100)
    await until(async () => (await liveState(page)) !== 'live', { timeout: 5000, what: 'the end of LIVE' })
    await takeMarks(page)
    await new Promise(resolve => setTimeout(resolve, 12_000))
    assert.notEqual(await liveState(page), 'live')
    assert.equal((await takeMarks(page)).marks.length, 0, 'nothing is drawn while nothing comes')
    lose(0)
    await untilState(page, 'live', 60_000)
    const { marks } = await until(
      async () => {
        const seen = await takeMarks(page)
        return seen.marks.length > 5 && seen
      },
      { timeout: 30_000, every: 1000, what: 'frames after the black hole' },
    )
    judge(marks)
  })
})
