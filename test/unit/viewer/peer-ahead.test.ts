import assert from 'node:assert/strict'
import type { PageEvent } from '../../../viewer/src/page-events.ts'
import { openPeerAhead } from '../../../viewer/src/peer-ahead.ts'
import { NO_SERVERS, type Servers } from '../../../viewer/src/rtc/gather.ts'
import type { Peer } from '../../../viewer/src/rtc/peer.ts'
import { fakeClock, settle } from './fake-clock.ts'

/** One peer that was asked for. */
type Made = { signal: AbortSignal; outcome: PromiseWithResolvers<Peer> }

function stage() {
  const clock = fakeClock()
  const made: Made[] = []
  const ended = new AbortController()
  const scene = {
    hidden: false,
    gathers: true,
    listens: true,
    servers: NO_SERVERS as Servers,
    happen: (_: PageEvent) => {},
  }
  const ahead = openPeerAhead({
    make(signal) {
      const outcome = Promise.withResolvers<Peer>()
      if (scene.gathers) outcome.resolve({ offer: `offer ${made.length}` } as Peer)
      made.push({ signal, outcome })
      return outcome.promise
    },
    servers: () => scene.servers,
    clock,
    page: {
      isHidden: () => scene.hidden,
      on(handler) {
        scene.happen = handler
        return () => {
          scene.listens = false
        }
      },
    },
    signal: ended.signal,
  })
  const isGone = (n: number): boolean => made[n]?.signal.aborted === true
  const tap = async () => {
    const own = new AbortController()
    return { offer: (await ahead.peer(own.signal)).offer, leave: () => own.abort() }
  }
  return { clock, made, ended, scene, ahead, isGone, tap }
}

describe('a peer ahead of the tap', () => {
  it('is the one the tap gets, once; the next tap gets one of its own', async () => {
    const { ahead, made, isGone, tap } = stage()
    ahead.touch()
    ahead.touch()
    assert.equal(made.length, 1, 'there is one at most')
    const first = await tap()
    assert.equal(first.offer, 'offer 0')
    assert.equal(made.length, 1)
    assert.equal((await tap()).offer, 'offer 1')
    assert.equal(isGone(0), false)
    first.leave()
    assert.equal(isGone(0), true, 'it ends with the session that took it')
    assert.equal(isGone(1), false)
  })

  it('without a touch a tap makes its own', async () => {
    const { made, tap } = stage()
    assert.equal((await tap()).offer, 'offer 0')
    assert.equal(made.length, 1)
  })

  it('nobody tapped: it is closed after five seconds, and one that was taken is not', async () => {
    const { clock, ahead, isGone, tap } = stage()
    ahead.touch()
    await clock.pass(4900)
    assert.equal(isGone(0), false)
    await clock.pass(200)
    assert.equal(isGone(0), true)
    ahead.touch()
    assert.equal((await tap()).offer, 'offer 1')
    await clock.pass(3000)
    ahead.touch()
    await clock.pass(3000)
    assert.equal(isGone(2), false, 'the next one has its own five seconds')
    await clock.pass(60_000)
    assert.equal(isGone(1), false)
  })

  it('goes with the network, the page, the account, and the finger that only scrolls', async () => {
    const { scene, ahead, ended, made, isGone, tap } = stage()
    for (const event of ['network', 'wake', 'hidden'] as const) {
      ahead.touch()
      const n = made.length - 1
      scene.happen(event)
      assert.equal(isGone(n), true, event)
    }
    ahead.touch()
    ahead.letGo()
    assert.equal(isGone(3), true)
    scene.hidden = true
    ahead.touch()
    assert.equal(made.length, 4, 'none on a page that is hidden')
    scene.hidden = false
    ahead.touch()
    ended.abort()
    assert.equal(isGone(4), true)
    assert.equal(scene.listens, false)
    ahead.touch()
    assert.equal(made.length, 5)
    assert.equal((await tap()).offer, 'offer 5')
  })

  it('is not used with other servers than it was made with, nor made for an address that is hidden', async () => {
    const { scene, ahead, isGone, made, tap } = stage()
    ahead.touch()
    scene.servers = {
      ...NO_SERVERS,
      iceServers: [{ urls: 'turn:r.example', username: '2:a', credential: 'd' }],
    }
    assert.equal((await tap()).offer, 'offer 1')
    assert.equal(isGone(0), true, 'and is no longer kept')
    scene.servers = { ...scene.servers, relayOnly: true }
    ahead.touch()
    assert.equal(made.length, 2)
  })

  it('a tap waits for the one that is under way; one that came to nothing is not there any more', async () => {
    const { scene, ahead, made, tap } = stage()
    scene.gathers = false
    ahead.touch()
    const first = tap()
    made[0]?.outcome.resolve({ offer: 'offer 0' } as Peer)
    assert.equal((await first).offer, 'offer 0')
    ahead.touch()
    made[1]?.outcome.reject(new Error('closed'))
    await settle()
    scene.gathers = true
    assert.equal((await tap()).offer, 'offer 2')
  })
})
