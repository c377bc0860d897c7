import assert from 'node:assert/strict'
import { parseToCamera } from '@ownsight/protocol/channel'
import { viewSession } from '../../../viewer/src/view-session.ts'
import type { LiveSession } from '../../../viewer/src/watch.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'

describe('the size of a tile', () => {
  let clock: FakeClock
  let said: unknown[]
  let session: ReturnType<typeof viewSession>
  beforeEach(() => {
    clock = fakeClock()
    said = []
    const peer = {
      send: (text: string) => said.push(parseToCamera(text)),
      closed: new Promise(() => {}),
      stats: async () => new Map(),
      close: () => {},
    }
    const live = { peer, granted: { r: ['view'] }, onMessage: () => {}, th: '' }
    session = viewSession(1, live as unknown as LiveSession, clock)
  })

  it('is said at once, and when it has changed only after it has settled', async () => {
    session.tile(300)
    await clock.pass(0)
    assert.deepEqual(said, [{ t: 'tile', height: 304 }])
    for (const height of [400, 500, 600]) {
      session.tile(height)
      await clock.pass(50)
    }
    assert.equal(said.length, 1)
    await clock.pass(400)
    assert.deepEqual(said[1], { t: 'tile', height: 608 })
  })

  it('is not said again while it is nearly the same', async () => {
    session.tile(300)
    await clock.pass(1000)
    session.tile(303)
    await clock.pass(1000)
    assert.equal(said.length, 1)
  })

  it('stays within what a camera takes', async () => {
    for (const height of [0.4, 100_000]) {
      session.tile(height)
      await clock.pass(1000)
    }
    assert.deepEqual(said, [
      { t: 'tile', height: 16 },
      { t: 'tile', height: 8640 },
    ])
  })

  it('is not said after the end', async () => {
    session.tile(300)
    session.close()
    await clock.pass(1000)
    assert.ok(!said.some(message => (message as { t: string }).t === 'tile'))
  })
})
