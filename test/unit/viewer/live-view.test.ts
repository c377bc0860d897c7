import assert from 'node:assert/strict'
import { HIDDEN_MS, LAST_PICTURE_MS, LOST_MS } from '../../../viewer/src/deadlines.ts'
import { settle } from './fake-clock.ts'
import { openScene, type Scene } from './live-view-stage.ts'

const image = () => ({ width: 640 }) as HTMLCanvasElement

describe('live view', () => {
  let scene: Scene
  beforeEach(() => {
    scene = openScene()
  })
  afterEach(() => scene.stop())

  it('is live with the first session, and makes no other', async () => {
    await scene.goLive()
    await scene.clock.pass(60_000)
    assert.equal(scene.attempts.length, 1)
    assert.equal(scene.state(), 'live')
    assert.equal(scene.view.age.value, undefined)
  })

  it('says reconnecting, never live, of a picture that is old; its age counts', async () => {
    const old = await scene.goLive()
    old.carries = false
    await scene.clock.pass(4000)
    assert.equal(scene.state(), 'reconnecting')
    const session = scene.view.shown.value
    assert.ok(session)
    session.copyPicture = image
    await scene.clock.pass(LOST_MS)
    assert.equal(scene.view.shown.value, undefined, 'the dead session is given up')
    assert.ok(scene.view.last.value, 'its last picture stays')
    assert.equal(scene.state(), 'reconnecting')
    const age = scene.view.age.value ?? 0
    await scene.clock.pass(5000)
    assert.equal(scene.view.age.value, age + 5)
    await scene.nth(scene.attempts.length - 1).confirm()
    await scene.clock.pass(1500)
    assert.equal(scene.state(), 'live')
    assert.equal(scene.view.last.value, undefined, 'and goes when there is a live one')
  })

  it('a picture is not kept for ever', async () => {
    const made = await scene.goLive()
    const session = scene.view.shown.value
    assert.ok(session)
    session.copyPicture = image
    made.carries = false
    await scene.clock.pass(LAST_PICTURE_MS - 1000)
    assert.ok(scene.view.last.value)
    await scene.clock.pass(2000)
    assert.equal(scene.view.last.value, undefined)
  })

  it('a source that stops is stalled: no new session would mend that', async () => {
    const made = await scene.goLive()
    made.sends = false
    await scene.clock.pass(30_000)
    assert.equal(scene.state(), 'stalled')
    assert.equal(scene.attempts.length, 1)
    assert.equal(scene.view.age.value, 30)
    made.sends = true
    await scene.clock.pass(500)
    assert.equal(scene.state(), 'live')
  })

  for (const [code, fault] of [
    ['removed', 'removed'],
    ['private', 'private'],
    ['expired', 'expired'],
    ['released', 'released'],
  ] as const) {
    it(`${code} ends it at once, and leaves no picture`, async () => {
      const made = await scene.goLive()
      const session = scene.view.shown.value
      assert.ok(session)
      session.copyPicture = image
      made.carries = false
      await scene.clock.pass(3000)
      assert.ok(scene.view.last.value)
      made.tell({ t: 'ended', code })
      await settle()
      await scene.clock.pass(300)
      assert.equal(scene.view.last.value, undefined)
      assert.equal(scene.view.shown.value, undefined)
      assert.equal(scene.state(), 'ended')
      assert.equal(scene.view.fault.value, fault)
      assert.equal(scene.nth(1).signal.aborted, true, 'the attempt beside it ends too')
    })
  }

  it('leaving the page ends everything and keeps nothing', async () => {
    const made = await scene.goLive()
    const session = scene.view.shown.value
    assert.ok(session)
    session.copyPicture = image
    made.carries = false
    await scene.clock.pass(3000)
    const kept = scene.view.last.value?.image
    assert.ok(kept)
    scene.stop()
    assert.ok(made.isClosed)
    assert.equal(scene.nth(1).signal.aborted, true)
    assert.equal(scene.view.last.value, undefined)
    assert.equal(kept.width, 0, 'its pixels are gone')
    const { length } = scene.attempts
    await scene.clock.pass(60_000)
    assert.equal(scene.attempts.length, length)
  })

  it('a hidden page is sent nothing after a while, and resumes the same session at once', async () => {
    const made = await scene.goLive()
    scene.hidden = true
    scene.happen('hidden')
    await scene.clock.pass(HIDDEN_MS - 500)
    assert.ok(!made.said.includes('pause'))
    await scene.clock.pass(1000)
    assert.ok(made.said.includes('pause'))
    assert.equal(scene.state(), 'paused')
    await scene.clock.pass(120_000)
    assert.equal(scene.state(), 'paused', 'never live without frames')
    assert.equal(scene.attempts.length, 1)
    scene.hidden = false
    scene.happen('visible')
    assert.equal(made.said.filter(t => t === 'play').length, 1)
    await scene.clock.pass(500)
    assert.equal(scene.state(), 'live')
    assert.equal(scene.attempts.length, 1)
  })

  it('a page that is hidden for a moment goes on as it was', async () => {
    const made = await scene.goLive()
    scene.hidden = true
    scene.happen('hidden')
    await scene.clock.pass(3000)
    scene.hidden = false
    scene.happen('visible')
    await scene.clock.pass(HIDDEN_MS * 2)
    assert.ok(!made.said.includes('pause'))
    assert.equal(scene.state(), 'live')
    assert.equal(scene.attempts.length, 1)
  })

  it('a session lost behind a hidden page is made anew when the page is seen', async () => {
    const made = await scene.goLive()
    scene.hidden = true
    scene.happen('hidden')
    made.carries = false
    await scene.clock.pass(60_000)
    assert.equal(made.isClosed, true)
    assert.equal(scene.attempts.length, 1, 'nothing is opened for nobody')
    scene.hidden = false
    scene.happen('visible')
    await settle()
    assert.equal(scene.attempts.length, 2)
  })

  it('a camera that is not connected is offline, and the next try follows', async () => {
    await settle()
    scene.nth(0).fail('offline')
    assert.equal(scene.state(), 'connecting')
    await scene.clock.pass(200)
    assert.equal(scene.view.fault.value, 'offline')
    assert.equal(scene.state(), 'offline')
    await scene.clock.pass(300)
    assert.equal(scene.attempts.length, 2)
  })

  it('gives up a first opening that never came, and never one that was live', async () => {
    for (let i = 0; i < 20 && !scene.view.gaveUp.value; i++) {
      await scene.clock.pass(9000)
      scene.attempts.at(-1)?.fail('no_reply')
    }
    await scene.clock.pass(9000)
    assert.ok(scene.view.gaveUp.value)
    assert.equal(scene.state(), 'ended')

    scene = openScene()
    const made = await scene.goLive()
    made.tell({ t: 'ended', code: 'shutdown' })
    for (let i = 0; i < 50; i++) {
      await scene.clock.pass(9000)
      scene.attempts.at(-1)?.fail('no_reply')
    }
    assert.ok(!scene.view.gaveUp.value)
    assert.equal(scene.state(), 'reconnecting')
  })

  it('a session near its longest is followed by another without a gap', async () => {
    const made = await scene.goLive()
    await scene.clock.pass(12 * 3600_000 - 5 * 60_000)
    assert.equal(scene.attempts.length, 2)
    assert.equal(scene.state(), 'live')
    await scene.nth(1).confirm()
    await scene.clock.pass(500)
    assert.equal(scene.shownTh(), 'th1')
    assert.ok(made.isClosed)
  }).timeout(120_000)

  it('a message of another transcript is no heartbeat', async () => {
    const made = await scene.goLive()
    made.beats = false
    for (let i = 0; i < 5; i++) {
      made.tell({ t: 'heartbeat', seq: i, rtpTs: i, cameraTime: i, th: 'another' })
      await scene.clock.pass(1000)
    }
    assert.notEqual(scene.state(), 'live', 'whatever the frames do')
  })
})
