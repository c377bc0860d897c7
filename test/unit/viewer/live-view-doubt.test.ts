import assert from 'node:assert/strict'
import { SWAP_MS } from '../../../viewer/src/deadlines.ts'
import { probeAt } from '../../../viewer/src/doubt.ts'
import { openScene, type Scene } from './live-view-stage.ts'

describe('a live view in doubt', () => {
  let scene: Scene
  beforeEach(() => {
    scene = openScene()
  })
  afterEach(() => scene.stop())

  it('asks after frames that are missed, and makes a new session beside one that does not answer', async () => {
    const old = await scene.goLive()
    old.carries = false
    await scene.clock.pass(1500)
    assert.deepEqual(old.said, ['alive'])
    assert.ok(scene.doubts > 0, 'signaling is asked too')
    assert.equal(scene.attempts.length, 2)
    assert.equal(scene.shownTh(), 'th0', 'the old one stays on the page')
    assert.equal(old.isClosed, false)

    const next = scene.nth(1)
    await next.confirm()
    assert.equal(scene.view.coming.value?.live.th, 'th1')
    const gone: unknown[] = []
    const { shown, coming } = scene.view
    const look = () => {
      const there = [shown.peek(), coming.peek()].map(each => each?.live.th)
      if (!there.includes('th1')) gone.push(there)
    }
    const unsubscribe = [shown.subscribe(look), coming.subscribe(look)]
    assert.equal(scene.shownTh(), 'th0')
    await scene.clock.pass(500)
    assert.equal(scene.shownTh(), 'th1', 'its first picture makes it the one')
    for (const stop of unsubscribe) stop()
    assert.deepEqual(gone, [], 'without leaving the page for a moment: its element goes on')
    assert.equal(scene.view.coming.value, undefined)
    assert.ok(old.isClosed && old.said.includes('bye'), 'and ends the old one')
    assert.equal(scene.state(), 'live')
    assert.equal(scene.attempts.length, 2)
  })

  it('asks signaling again and again while nothing is heard, however young the last picture is', async () => {
    const old = await scene.goLive()
    old.carries = false
    await scene.clock.pass(1900)
    assert.equal(scene.state(), 'live')
    assert.ok(scene.doubts >= 3, `${scene.doubts} times`)
    assert.ok(scene.isStill())
    await scene.nth(1).confirm()
    await scene.clock.pass(500)
    assert.equal(scene.isStill(), false, 'a picture ends it')
  })

  it('does not doubt a connection to signaling that has just been made', async () => {
    const old = await scene.goLive()
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
    const old = await scene.goLive()
    const signs = scene.view.shown.value?.signs()
    assert.ok(signs)
    const due = probeAt(signs)
    old.carries = false
    for (let ms = 0; ms < 1000 && !old.said.includes('alive'); ms++) await scene.clock.pass(1)
    const late = scene.clock.now() - due
    assert.ok(late > 0 && late < 3, `${late} ms after it`)
  })

  it('nothing is doubted for a page that nobody sees, or that was left', async () => {
    const old = await scene.goLive()
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
    const old = await scene.goLive()
    old.carries = false
    await scene.clock.pass(1500)
    old.carries = true
    await scene.clock.pass(1500)
    assert.equal(scene.nth(1).signal.aborted, true)
    assert.equal(scene.shownTh(), 'th0')
    assert.equal(scene.state(), 'live')
    await scene.clock.pass(10_000)
    assert.equal(scene.attempts.length, 2)
  })

  it('keeps it also when the new one is confirmed and has no picture yet', async () => {
    const old = await scene.goLive()
    old.carries = false
    await scene.clock.pass(1500)
    const next = scene.nth(1)
    next.sends = false
    await next.confirm()
    old.carries = true
    await scene.clock.pass(1500)
    assert.equal(next.isClosed, true)
    assert.equal(scene.view.coming.value, undefined)
    assert.equal(scene.shownTh(), 'th0')
  })

  it('a new session without a picture takes over when nobody would wait longer', async () => {
    const old = await scene.goLive()
    old.carries = false
    await scene.clock.pass(1500)
    scene.nth(1).sends = false
    await scene.nth(1).confirm()
    await scene.clock.pass(SWAP_MS)
    assert.equal(scene.shownTh(), 'th1')
    assert.notEqual(scene.state(), 'live')
  })

  it('frames that are sent and not drawn are a reason for a new session', async () => {
    const made = await scene.goLive()
    const session = scene.view.shown.value
    assert.ok(session)
    Object.assign(session, { frame: () => undefined })
    await scene.clock.pass(8000)
    assert.equal(scene.attempts.length, 2)
    assert.equal(made.isClosed, false)
  })

  it('never holds more than the old session and two attempts', async () => {
    const old = await scene.goLive()
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
    const old = await scene.goLive()
    old.carries = false
    await scene.clock.pass(50)
    scene.happen('network')
    assert.deepEqual(old.said, ['alive'])
    await scene.clock.pass(1100)
    assert.equal(scene.attempts.length, 2)
  })

  it('a change of network that changed nothing makes no new session', async () => {
    const made = await scene.goLive()
    scene.happen('network')
    await scene.clock.pass(5000)
    assert.deepEqual(made.said, ['alive'])
    assert.equal(scene.attempts.length, 1)
    assert.equal(scene.state(), 'live')
  })

  it('after needless ones one late answer is no reason for another, until heartbeats are missing', async () => {
    const old = await scene.goLive()
    const hiccup = async (ms: number): Promise<number> => {
      const before = scene.attempts.length
      old.carries = false
      await scene.clock.pass(ms)
      old.carries = true
      await scene.clock.pass(1500)
      return scene.attempts.length - before
    }
    const needless = [await hiccup(1000), await hiccup(1000), await hiccup(1000), await hiccup(1000)]
    assert.equal(needless[0], 1)
    assert.ok(needless.includes(0), needless.join())
    assert.equal(scene.shownTh(), 'th0')
    assert.equal(await hiccup(4000), 1, 'a path that is gone is not waited for')
    await scene.clock.pass(60_000)
    assert.equal(await hiccup(1000), 1, 'it was long ago')
  })
})
