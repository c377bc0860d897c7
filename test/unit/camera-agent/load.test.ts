import assert from 'node:assert/strict'
import { createLoad, type Seat } from '@ownsight/camera-agent/load'

const LOOK_MS = 250

describe('load of the agent', () => {
  /** A thread of which each viewer takes so much, on a clock that only moves when it is told. */
  const open = (perViewer = 0.02) => {
    const thread = { viewers: 0, more: 0, now: 0 }
    let look: (() => void) | undefined
    const load = createLoad({
      now: () => thread.now,
      usedSince: () => Math.min(1, thread.viewers * perViewer + thread.more),
      every: (_, work) => {
        look = work
        return () => {
          look = undefined
        }
      },
    })
    /** Lets everybody who waits go on, and time pass. */
    const pass = async (ms: number): Promise<void> => {
      for (const end = thread.now + ms; thread.now < end; ) {
        thread.now += LOOK_MS
        look?.()
        await new Promise(resolve => setImmediate(resolve))
      }
    }
    const seats: Seat[] = []
    const come = async (): Promise<Seat | undefined> => {
      const answer: { seat?: Seat | undefined } = {}
      void load.admit().then(seat => Object.assign(answer, { seat }))
      while (!('seat' in answer)) await pass(LOOK_MS)
      const { seat } = answer
      if (!seat) return undefined
      thread.viewers++
      seat.settled()
      seats.push(seat)
      return seat
    }
    const fill = async (): Promise<number> => {
      while (await come());
      return seats.length
    }
    return { load, thread, pass, come, fill, seats, isLooking: () => look !== undefined }
  }
  const thinned = (seats: readonly Seat[]): number => seats.filter(seat => seat.isThinned()).length

  it('takes as many as the thread carries, near enough, and none more', async () => {
    for (const perViewer of [0.005, 0.02, 0.05]) {
      const { fill, load } = open(perViewer)
      const taken = await fill()
      assert.ok(taken * perViewer > 0.85 && taken * perViewer <= 0.94, `${taken} of ${perViewer}`)
      assert.ok(load.used() <= 0.94)
    }
  })

  it('takes another when one has gone', async () => {
    const { fill, come, seats, thread, pass } = open()
    await fill()
    seats[0]?.release()
    thread.viewers--
    await pass(2000)
    assert.ok(await come())
    assert.equal(await come(), undefined)
  })

  it('never turns away the first few, whatever else the machine does', async () => {
    const { come, thread } = open()
    thread.more = 1
    for (let i = 0; i < 8; i++) assert.ok(await come())
    assert.equal(await come(), undefined)
  })

  it('lets a moment of handshakes pass before it says no', async () => {
    const { come, thread, load, pass } = open()
    for (let i = 0; i < 10; i++) await come()
    thread.more = 0.8
    await pass(2000)
    const late = load.admit()
    await pass(500)
    thread.more = 0
    await pass(1500)
    assert.ok(await late)
  })

  it('sets up a few at once where there is little room', async () => {
    const { thread, load, pass, come } = open(0.02)
    for (let i = 0; i < 35; i++) await come()
    await pass(2000)
    assert.equal(thread.viewers, 35)
    let taken = 0
    for (let i = 0; i < 20; i++) void load.admit().then(seat => seat && taken++)
    await pass(1000)
    assert.equal(taken, 4)
  })

  it('does not wait for whoever went away', async () => {
    const { load, pass, fill, thread } = open()
    await fill()
    const abort = new AbortController()
    const waiting = load.admit(abort.signal)
    thread.viewers = 0
    abort.abort()
    await pass(1000)
    assert.equal(await waiting, undefined)
  })

  it('probes no links, then thins the newest, one after another, and makes them whole again', async () => {
    const { come, pass, seats, thread } = open(0.05)
    for (let i = 0; i < 12; i++) await come()
    await pass(2000)
    assert.ok(seats.every(seat => seat.mayProbe() && !seat.isThinned()))
    thread.more = 0.37
    await pass(2000)
    assert.ok(seats.every(seat => !seat.mayProbe() && !seat.isThinned()))
    thread.more = 1
    await pass(3000)
    assert.ok(thinned(seats) >= 1)
    assert.ok(seats.at(-1)?.isThinned())
    await pass(60_000)
    assert.equal(thinned(seats), 10)
    assert.deepEqual(
      seats.slice(0, 2).map(seat => seat.isThinned()),
      [false, false],
    )
    thread.more = 0
    await pass(4000)
    assert.ok(thinned(seats) < 10)
    assert.equal(seats[2]?.isThinned(), false)
    await pass(60_000)
    assert.equal(thinned(seats), 0)
  })

  it('takes nobody else while somebody is sent key pictures only', async () => {
    const { come, pass, seats, thread } = open(0.02)
    for (let i = 0; i < 20; i++) await come()
    thread.more = 1
    await pass(3000)
    assert.ok(thinned(seats) >= 1)
    // Room enough, were it not for those.
    thread.more = 0.1
    await pass(1000)
    assert.equal(thinned(seats) > 0, true)
    const [asked, at] = [come(), thread.now]
    assert.ok(await asked)
    assert.equal(thinned(seats), 0)
    assert.ok(thread.now - at >= 500, 'who is there comes first')
  })

  it('takes a somewhat idle moment for no room', async () => {
    const { load, pass, thread, fill } = open(0.02)
    await fill()
    const late = load.admit()
    await pass(1000)
    thread.more = -0.05
    await pass(500)
    thread.more = 0
    await pass(4000)
    assert.equal(await late, undefined)
  })

  it('takes a single standstill for none', async () => {
    const { come, pass, seats, thread } = open(0.05)
    for (let i = 0; i < 10; i++) await come()
    thread.more = 1
    await pass(750)
    thread.more = 0
    await pass(5000)
    assert.equal(thinned(seats), 0)
  })

  it('looks at nothing while nobody is there', async () => {
    const { come, pass, seats, isLooking } = open()
    assert.ok(!isLooking())
    await come()
    assert.ok(isLooking())
    for (const seat of seats) seat.release()
    await pass(LOOK_MS)
    assert.ok(!isLooking())
  })
})
