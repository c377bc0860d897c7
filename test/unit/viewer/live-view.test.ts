import assert from 'node:assert/strict'
import { HIDDEN_MS, LAST_PICTURE_MS, LOST_MS, SWAP_MS } from '../../../viewer/src/deadlines.ts'
import { probeAt } from '../../../viewer/src/doubt.ts'
import { settle } from './fake-clock.ts'
import { type FakeAttempt, openScene, type Scene } from './live-view-stage.ts'

const image = () => ({ width: 640 }) as HTMLCanvasElement

describe('live view', () => {
  let scene: Scene
  beforeEach(() => {
    scene = openScene()
  })
  afterEach(() => scene.stop())
  const state = () => scene.view.state.value
  const shownTh = () => scene.view.shown.value?.live.th
  const nth = (n: number): FakeAttempt => {
    const made = scene.attempts[n]
    assert.ok(made, `attempt ${n}`)
    return made
  }
  async function goLive(): Promise<FakeAttempt> {
    await settle()
    const made = nth(scene.attempts.length - 1)
    await made.confirm()
    await scene.clock.pass(1500)
    assert.equal(state(), 'live')
    return made
  }

  it('is live with the first session, and makes no other', async () => {
    await goLive()
    await scene.clock.pass(60_000)
    assert.equal(scene.attempts.length, 1)
    assert.equal(state(), 'live')
    assert.equal(scene.view.age.value, undefined)
  })

  it('asks after frames that are missed, and makes a new session beside one that does not answer', async () => {
    const old = await goLive()
    old.carries = false
    await scene.clock.pass(1500)
    assert.deepEqual(old.said, ['alive'])
    assert.ok(scene.doubts > 0, 'signaling is asked too')
    assert.equal(scene.attempts.length, 2)
    assert.equal(shownTh(), 'th0', 'the old one stays on the page')
    assert.equal(old.isClosed, false)

    const next = nth(1)
    await next.confirm()
    assert.equal(scene.view.coming.value?.live.th, 'th1')
    const gone: unknown[] = []
    const { shown, coming } = scene.view
    const look = () => {
      const there = [shown.peek(), coming.peek()].map(each => each?.live.th)
      if (!there.includes('th1')) gone.push(there)
    }
    const unsubscribe = [shown.subscribe(look), coming.subscribe(look)]
    assert.equal(shownTh(), 'th0')
    await scene.clock.pass(500)
    assert.equal(shownTh(), 'th1', 'its first picture makes it the one')
    for (const stop of unsubscribe) stop()
    assert.deepEqual(gone, [], 'without leaving the page for a moment: its element goes on')
    assert.equal(scene.view.coming.value, undefined)
    assert.ok(old.isClosed && old.said.includes('bye'), 'and ends the old one')
    assert.equal(state(), 'live')
    assert.equal(scene.attempts.length, 2)
  })

  it('asks signaling again and again while nothing is heard, however young the last picture is', async () => {
    const old = await goLive()
    old.carries = false
    await scene.clock.pass(1900)
    assert.equal(state(), 'live')
    assert.ok(scene.doubts >= 3, `${scene.doubts} times`)
    assert.ok(scene.isStill())
    await nth(1).confirm()
    await scene.clock.pass(500)
    assert.equal(scene.isStill(), false, 'a picture ends it')
  })

  it('does not doubt a connection to signaling that has just been made', async () => {
    const old = await goLive()
    old.carries = false
    await scene.clock.pass(700)
    const before = scene.doubts
    scene.reconnect()
    await scene.clock.pass(1400)
    assert.equal(scene.doubts, before)
    await scene.clock.pass(1500)
    assert.ok(scene.doubts > before, 'for ever')
  })

  it('notices a missed frame at its time, and not with the next look', async () => {
    const old = await goLive()
    const signs = scene.view.shown.value?.signs()
    assert.ok(signs)
    const due = probeAt(signs)
    old.carries = false
    for (let ms = 0; ms < 1000 && !old.said.includes('alive'); ms++) await scene.clock.pass(1)
    const late = scene.clock.now() - due
    assert.ok(late > 0 && late < 3, `${late} ms after it`)
  })

  it('nothing is doubted for a page that nobody sees, or that was left', async () => {
    const old = await goLive()
    old.carries = false
    await scene.clock.pass(1500)
    scene.hidden = true
    assert.equal(scene.isStill(), false)
    scene.hidden = false
    assert.ok(scene.isStill())
    scene.stop()
    assert.equal(scene.isStill(), false)
  })

  it('keeps the old session when it comes back first, and closes the new one', async () => {
    const old = await goLive()
    old.carries = false
    await scene.clock.pass(1500)
    old.carries = true
    await scene.clock.pass(1500)
    assert.equal(nth(1).signal.aborted, true)
    assert.equal(shownTh(), 'th0')
    assert.equal(state(), 'live')
    await scene.clock.pass(10_000)
    assert.equal(scene.attempts.length, 2)
  })

  it('keeps it also when the new one is confirmed and has no picture yet', async () => {
    const old = await goLive()
    old.carries = false
    await scene.clock.pass(1500)
    const next = nth(1)
    next.sends = false
    await next.confirm()
    old.carries = true
    await scene.clock.pass(1500)
    assert.equal(next.isClosed, true)
    assert.equal(scene.view.coming.value, undefined)
    assert.equal(shownTh(), 'th0')
  })

  it('a new session without a picture takes over when nobody would wait longer', async () => {
    const old = await goLive()
    old.carries = false
    await scene.clock.pass(1500)
    nth(1).sends = false
    await nth(1).confirm()
    await scene.clock.pass(SWAP_MS)
    assert.equal(shownTh(), 'th1')
    assert.notEqual(state(), 'live')
  })

  it('says reconnecting, never live, of a picture that is old; its age counts', async () => {
    const old = await goLive()
    old.carries = false
    await scene.clock.pass(4000)
    assert.equal(state(), 'reconnecting')
    const session = scene.view.shown.value
    assert.ok(session)
    session.copyPicture = image
    await scene.clock.pass(LOST_MS)
    assert.equal(scene.view.shown.value, undefined, 'the dead session is given up')
    assert.ok(scene.view.last.value, 'its last picture stays')
    assert.equal(state(), 'reconnecting')
    const age = scene.view.age.value ?? 0
    await scene.clock.pass(5000)
    assert.equal(scene.view.age.value, age + 5)
    await nth(scene.attempts.length - 1).confirm()
    await scene.clock.pass(1500)
    assert.equal(state(), 'live')
    assert.equal(scene.view.last.value, undefined, 'and goes when there is a live one')
  })

  it('a picture is not kept for ever', async () => {
    const made = await goLive()
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
    const made = await goLive()
    made.sends = false
    await scene.clock.pass(30_000)
    assert.equal(state(), 'stalled')
    assert.equal(scene.attempts.length, 1)
    assert.equal(scene.view.age.value, 30)
    made.sends = true
    await scene.clock.pass(500)
    assert.equal(state(), 'live')
  })

  it('frames that are sent and not drawn are a reason for a new session', async () => {
    const made = await goLive()
    const session = scene.view.shown.value
    assert.ok(session)
    Object.assign(session, { frame: () => undefined })
    await scene.clock.pass(8000)
    assert.equal(scene.attempts.length, 2)
    assert.equal(made.isClosed, false)
  })

  for (const [code, fault] of [
    ['removed', 'removed'],
    ['private', 'private'],
    ['expired', 'expired'],
    ['released', 'released'],
  ] as const) {
    it(`${code} ends it at once, and leaves no picture`, async () => {
      const made = await goLive()
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
      assert.equal(state(), 'ended')
      assert.equal(scene.view.fault.value, fault)
      assert.equal(nth(1).signal.aborted, true, 'the attempt beside it ends too')
    })
  }

  it('leaving the page ends everything and keeps nothing', async () => {
    const made = await goLive()
    const session = scene.view.shown.value
    assert.ok(session)
    session.copyPicture = image
    made.carries = false
    await scene.clock.pass(3000)
    const kept = scene.view.last.value?.image
    assert.ok(kept)
    scene.stop()
    assert.ok(made.isClosed)
    assert.equal(nth(1).signal.aborted, true)
    assert.equal(scene.view.last.value, undefined)
    assert.equal(kept.width, 0, 'its pixels are gone')
    const { length } = scene.attempts
    await scene.clock.pass(60_000)
    assert.equal(scene.attempts.length, length)
  })

  it('never holds more than the old session and two attempts', async () => {
    const old = await goLive()
    old.carries = false
    let most = 0
    for (let i = 0; i < 300; i++) {
      await scene.clock.pass(100)
      const open = scene.attempts.filter(each => !each.isClosed && !each.signal.aborted)
      for (const each of open) if (each !== old && i % 10 === 0) each.enter('connecting')
      most = Math.max(most, open.length)
      if (i % 60 === 59) open.at(-1)?.fail('no_path')
    }
    assert.ok(most <= 3, `${most} at a time`)
    assert.ok(most === 3, 'the hedge is one of them')
  })

  it('a change of network is asked about at once', async () => {
    const old = await goLive()
    old.carries = false
    await scene.clock.pass(50)
    scene.happen('network')
    assert.deepEqual(old.said, ['alive'])
    await scene.clock.pass(1100)
    assert.equal(scene.attempts.length, 2)
  })

  it('a change of network that changed nothing makes no new session', async () => {
    const made = await goLive()
    scene.happen('network')
    await scene.clock.pass(5000)
    assert.deepEqual(made.said, ['alive'])
    assert.equal(scene.attempts.length, 1)
    assert.equal(state(), 'live')
  })

  it('a hidden page is sent nothing after a while, and resumes the same session at once', async () => {
    const made = await goLive()
    scene.hidden = true
    scene.happen('hidden')
    await scene.clock.pass(HIDDEN_MS - 500)
    assert.ok(!made.said.includes('pause'))
    await scene.clock.pass(1000)
    assert.ok(made.said.includes('pause'))
    assert.equal(state(), 'paused')
    await scene.clock.pass(120_000)
    assert.equal(state(), 'paused', 'never live without frames')
    assert.equal(scene.attempts.length, 1)
    scene.hidden = false
    scene.happen('visible')
    assert.equal(made.said.filter(t => t === 'play').length, 1)
    await scene.clock.pass(500)
    assert.equal(state(), 'live')
    assert.equal(scene.attempts.length, 1)
  })

  it('a page that is hidden for a moment goes on as it was', async () => {
    const made = await goLive()
    scene.hidden = true
    scene.happen('hidden')
    await scene.clock.pass(3000)
    scene.hidden = false
    scene.happen('visible')
    await scene.clock.pass(HIDDEN_MS * 2)
    assert.ok(!made.said.includes('pause'))
    assert.equal(state(), 'live')
    assert.equal(scene.attempts.length, 1)
  })

  it('a session lost behind a hidden page is made anew when the page is seen', async () => {
    const made = await goLive()
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
    nth(0).fail('offline')
    assert.equal(state(), 'connecting')
    await scene.clock.pass(200)
    assert.equal(scene.view.fault.value, 'offline')
    assert.equal(state(), 'offline')
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
    assert.equal(state(), 'ended')

    scene = openScene()
    const made = await goLive()
    made.tell({ t: 'ended', code: 'shutdown' })
    for (let i = 0; i < 50; i++) {
      await scene.clock.pass(9000)
      scene.attempts.at(-1)?.fail('no_reply')
    }
    assert.ok(!scene.view.gaveUp.value)
    assert.equal(state(), 'reconnecting')
  })

  it('a session near its longest is followed by another without a gap', async () => {
    const made = await goLive()
    await scene.clock.pass(12 * 3600_000 - 5 * 60_000)
    assert.equal(scene.attempts.length, 2)
    assert.equal(state(), 'live')
    await nth(1).confirm()
    await scene.clock.pass(500)
    assert.equal(shownTh(), 'th1')
    assert.ok(made.isClosed)
  }).timeout(120_000)

  it('a message of another transcript is no heartbeat', async () => {
    const made = await goLive()
    made.beats = false
    for (let i = 0; i < 5; i++) {
      made.tell({ t: 'heartbeat', seq: i, rtpTs: i, cameraTime: i, th: 'another' })
      await scene.clock.pass(1000)
    }
    assert.notEqual(state(), 'live', 'whatever the frames do')
  })
})
