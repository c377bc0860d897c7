import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { liveState, testId, untilState } from '../support/app.ts'
import { type House, openHouse } from '../support/house.ts'
import { startRtspServer } from '../support/rtsp-server.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { until } from '../support/wait.ts'

/** The whole outage with `npm test -- --long`; the short form shows the same states. */
const OUTAGE_MS = process.env.OWNSIGHT_LONG ? 20_000 : 6000

describe('real sources', function () {
  this.timeout(180_000)
  let house: House
  let page: Page
  let folder = ''
  before(async () => {
    folder = tempFolder('sources')
    house = await openHouse()
    page = await house.member('ada')
  })
  after(async () => {
    await house?.close()
    removeTemp(folder)
  })

  it('an RTSP camera with digest auth is live, survives an outage, and comes back by itself', async () => {
    const server = await startRtspServer({ user: 'viewer', password: 's3cret' })
    const agent = house.agent([{ name: 'Door', source: server.url }])
    await house.pairAndWatch(page, agent, 'Door')
    await server.stop()
    await until(async () => (await liveState(page)) !== 'live', {
      timeout: 5000,
      what: 'the picture not to be called live',
    })
    await testId(page, 'source')
      .filter({ hasText: /reconnecting|cannot be reached/ })
      .waitFor()
    await delay(OUTAGE_MS)
    assert.notEqual(await liveState(page), 'live')
    const again = await startRtspServer({ port: server.port, user: 'viewer', password: 's3cret' })
    try {
      await untilState(page, 'live', 30_000)
      assert.doesNotMatch(agent.stderr() + JSON.stringify(agent.reports), /s3cret/)
    } finally {
      await agent.kill()
      await again.stop()
    }
  })

  it('a wrong password, a wrong host, no video, a list of other files: each is said in viewer and agent', async () => {
    const server = await startRtspServer({ user: 'viewer', password: 's3cret' })
    const secret = join(folder, 'secret.txt')
    writeFileSync(secret, 'not for viewers\n')
    writeFileSync(join(folder, 'notes.mp4'), 'just some text, no video at all\n'.repeat(50))
    writeFileSync(join(folder, 'list.mp4'), `#EXTM3U\n#EXTINF:10,\nfile://${secret}\n`)
    const cases: [string, string, RegExp][] = [
      ['Wrong word', server.url.replace('s3cret', 'other'), /password/],
      ['Wrong host', 'rtsp://127.0.0.1:9/camera', /cannot be reached/],
      ['No video', join(folder, 'notes.mp4'), /no video|not a plain video|cannot read/],
      ['A list', join(folder, 'list.mp4'), /not a plain video|no video|refused/],
    ]
    const agent = house.agent(cases.map(([name, source]) => ({ name, source })))
    try {
      for (const [name, , sentence] of cases) {
        const { code } = (await agent.report(
          each => each.event === 'pairing-code' && each.camera === name,
        )) as { code: string }
        await page.getByRole('link', { name: 'Ownsight' }).click()
        await page.getByRole('button', { name: 'Add a camera' }).click()
        await testId(page, 'pairing-code').fill(code)
        await testId(page, 'camera-name').fill(name)
        await page.getByRole('button', { name: 'Pair', exact: true }).click()
        await page.getByRole('button', { name: 'Watch' }).click()
        await until(async () => sentence.test((await testId(page, 'source').allInnerTexts()).join()), {
          timeout: 30_000,
          what: `the viewer to say about "${name}" ${sentence}`,
        })
        const reported = await agent.report(
          each => each.event === 'source' && each.camera === name && each.note !== undefined,
        )
        assert.ok('note' in reported && reported.note)
        assert.notEqual(await liveState(page), 'live')
      }
      assert.equal(agent.child.exitCode, null, 'the agent goes on')
      assert.doesNotMatch(JSON.stringify(agent.reports), /s3cret|not for viewers/)
    } finally {
      await agent.kill()
      await server.stop()
    }
  })
})
