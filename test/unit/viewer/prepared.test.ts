import assert from 'node:assert/strict'
import type { ToViewer } from '@ownsight/protocol/channel'
import { HIDDEN_MS } from '../../../viewer/src/deadlines.ts'
import { WatchFault } from '../../../viewer/src/failures.ts'
import type { PageEvent } from '../../../viewer/src/page-events.ts'
import { openPrepared } from '../../../viewer/src/prepared.ts'
import type { LiveSession, Pinned } from '../../../viewer/src/watch.ts'
import { fakeClock } from './fake-clock.ts'

const SOON_MS = 1000
const th = 'x'

/** One session that was asked for; the test is the camera. */
class Opened {
  readonly said: string[] = []
  readonly outcome = Promise.withResolvers<LiveSession>()
  isClosed = false
  beats = true
  readonly #ended = Promise.withResolvers<void>()
  #handler: (message: ToViewer) => void = () => undefined
  readonly camera: Pinned
  readonly signal: AbortSignal
  constructor(camera: Pinned, signal: AbortSignal) {
    this.camera = camera
    this.signal = signal
  }
  confirm(): void {
    const peer = {
      send: (text: string) => this.said.push(JSON.parse(text).t),
      close: () => {
        this.isClosed = true
        this.#ended.resolve()
      },
      closed: this.#ended.promise,
    }
    const onMessage = (handler: (message: ToViewer) => void): void => {
      this.#handler = handler
    }
    this.outcome.resolve({ camId: this.camera.camId, th, peer, onMessage } as unknown as LiveSession)
  }
  tell(message: ToViewer): void {
    this.#handler(message)
  }
}

function stage() {
  const clock = fakeClock()
  const opened: Opened[] = []
  const scene = { hidden: false, mayOpen: true, happen: (_: PageEvent) => {}, person: () => {} }
  const prepared = openPrepared({
    open: (camera, signal) => {
      const one = new Opened(camera, signal)
      opened.push(one)
      return one.outcome.promise
    },
    mayOpen: () => scene.mayOpen,
    clock,
    page: {
      isHidden: () => scene.hidden,
      isOnline: () => true,
      on: handler => {
        scene.happen = handler
        return () => undefined
      },
      onPerson: handler => {
        scene.person = handler
        return () => undefined
      },
    },
  })
  let seq = 0
  clock.every(1000, () => {
    for (const one of opened)
      if (one.beats) one.tell({ t: 'heartbeat', seq: seq++, rtpTs: 0, cameraTime: 0, th })
  })
  const want = (camId = 'a') => prepared.want({ camId, key: {} as never })
  const nth = (n: number): Opened => {
    const found = opened[n]
    assert.ok(found, `session ${n}`)
    return found
  }
  async function ready(camId = 'a'): Promise<Opened> {
    want(camId)
    await clock.pass(SOON_MS)
    const one = opened.at(-1) as Opened
    one.confirm()
    await clock.pass(1)
    return one
  }
  const tap = (camId = 'a') => prepared.take(camId, new AbortController().signal)
  return { clock, opened, scene, prepared, want, nth, ready, tap }
}

describe('prepared', () => {
  it('a camera whose tile stays in view has a session that waits, and a tap asks it for the picture', async () => {
    const { clock, opened, prepared, want, nth, tap } = stage()
    want()
    assert.equal(opened.length, 0, 'not before it was in view for a moment')
    assert.equal(tap(), undefined)
    await clock.pass(SOON_MS)
    assert.equal(tap(), undefined, 'one that is on its way is not waited for')
    nth(0).confirm()
    await clock.pass(1)
    assert.deepEqual([...prepared.ready.value], ['a'])
    assert.deepEqual(nth(0).said, [])
    const session = tap()
    assert.equal(session?.camId, 'a')
    assert.deepEqual(nth(0).said, ['play', 'alive'])
    assert.equal(tap(), undefined, 'it is used once')
    assert.equal(prepared.ready.value.size, 0)
  })

  it('what the camera said meanwhile of its source and the rights is said once it is taken; heartbeats are not', async () => {
    const { ready, tap } = stage()
    const one = await ready()
    one.tell({ t: 'source', state: 'opening' })
    one.tell({ t: 'source', state: 'live' })
    one.tell({ t: 'rights', r: ['view'] })
    const heard: string[] = []
    tap()?.onMessage(message => heard.push('state' in message ? `${message.t} ${message.state}` : message.t))
    assert.deepEqual(heard, ['rights', 'source live'])
    one.tell({ t: 'source', state: 'reconnecting' })
    assert.deepEqual(heard.slice(2), ['source reconnecting'])
  })

  it('it belongs to its own camera, and to no other', async () => {
    const { ready, tap } = stage()
    await ready('a')
    assert.equal(tap('b'), undefined)
    const b = await ready('b')
    assert.equal(tap('b')?.camId, 'b')
    assert.deepEqual(b.said, ['play', 'alive'])
  })

  it('a tile that was only passed by costs nothing, and one that leaves takes its session along', async () => {
    const { clock, opened, want, nth } = stage()
    want()()
    await clock.pass(SOON_MS)
    assert.equal(opened.length, 0)
    const leave = want()
    await clock.pass(SOON_MS)
    nth(0).confirm()
    await clock.pass(1)
    leave()
    await clock.pass(1)
    assert.deepEqual(nth(0).said, ['bye'])
    assert.ok(nth(0).isClosed)
  })

  it('the session that a tap takes stays when the tile goes with it, and ends with its view', async () => {
    const { clock, prepared, want, nth } = stage()
    const leave = want()
    await clock.pass(SOON_MS)
    nth(0).confirm()
    await clock.pass(1)
    const view = new AbortController()
    leave()
    assert.ok(prepared.take('a', view.signal))
    await clock.pass(10_000)
    assert.equal(nth(0).isClosed, false)
    view.abort()
    assert.ok(nth(0).isClosed)
  })

  it('one whose path is silent is not taken, and is replaced', async () => {
    const { clock, opened, ready, tap } = stage()
    const one = await ready()
    one.beats = false
    await clock.pass(3000)
    assert.equal(tap(), undefined)
    await clock.pass(1000)
    assert.ok(one.isClosed)
    assert.equal(opened.length, 2)
  })

  it('no more than four wait at a time', async () => {
    const { clock, opened, want } = stage()
    for (const camId of ['a', 'b', 'c', 'd', 'e', 'f']) want(camId)
    await clock.pass(5000)
    assert.equal(opened.length, 4)
  })

  it('a page that is hidden, or that nobody touches, keeps no camera busy', async () => {
    const { clock, opened, scene, ready } = stage()
    const one = await ready()
    scene.hidden = true
    scene.happen('hidden')
    await clock.pass(HIDDEN_MS + 2000)
    assert.ok(one.isClosed)
    scene.hidden = false
    scene.happen('visible')
    await clock.pass(SOON_MS)
    assert.equal(opened.length, 2)
    opened[1]?.confirm()
    await clock.pass(6 * 60_000)
    assert.ok(opened.every(each => each.isClosed || each.signal.aborted))
    const before = opened.length
    await clock.pass(60_000)
    assert.equal(opened.length, before)
    scene.person()
    await clock.pass(SOON_MS)
    assert.equal(opened.length, before + 1)
  })

  it('a change of network ends what was gathered before it', async () => {
    const { clock, opened, scene, ready } = stage()
    const one = await ready()
    scene.happen('network')
    assert.ok(one.isClosed)
    await clock.pass(SOON_MS)
    assert.equal(opened.length, 2)
  })

  it('it is renewed before a live view of it would outlast the session', async () => {
    const { clock, opened, scene, ready } = stage()
    const one = await ready()
    await clock.pass(2 * 60_000)
    scene.person()
    assert.equal(one.isClosed, false)
    await clock.pass(3 * 60_000)
    assert.ok(one.isClosed)
    assert.equal(opened.length, 2)
  })

  it('a camera that refuses is left alone for ten minutes, one that fails is tried again, more and more rarely', async () => {
    const { clock, opened, scene, want, nth } = stage()
    want()
    await clock.pass(SOON_MS)
    nth(0).outcome.reject(new WatchFault('private'))
    await clock.pass(4 * 60_000)
    scene.person()
    await clock.pass(4 * 60_000)
    scene.person()
    assert.equal(opened.length, 1)
    await clock.pass(3 * 60_000)
    assert.equal(opened.length, 2)
    nth(1).outcome.reject(new WatchFault('no_reply'))
    await clock.pass(6000)
    assert.equal(opened.length, 3)
    nth(2).outcome.reject(new WatchFault('no_reply'))
    await clock.pass(6000)
    assert.equal(opened.length, 3)
    await clock.pass(6000)
    assert.equal(opened.length, 4)
  })

  it('what waits is let go when the page goes, and comes again when it does', async () => {
    const { clock, opened, prepared, ready } = stage()
    const one = await ready()
    prepared.letGo()
    assert.ok(one.isClosed)
    assert.equal(prepared.ready.value.size, 0)
    await clock.pass(SOON_MS)
    assert.equal(opened.length, 2)
  })

  it('nothing is asked while the camera is away, and nothing remains at the end', async () => {
    const { clock, opened, scene, prepared, want, nth } = stage()
    scene.mayOpen = false
    want()
    await clock.pass(5000)
    assert.equal(opened.length, 0)
    scene.mayOpen = true
    prepared.review()
    nth(0).confirm()
    await clock.pass(1)
    prepared.close()
    assert.ok(nth(0).isClosed)
    await clock.pass(10_000)
    assert.equal(opened.length, 1)
  })
})
