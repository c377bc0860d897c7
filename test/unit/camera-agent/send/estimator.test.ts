import assert from 'node:assert/strict'
import { simulatedLink } from './simulated-link.ts'
import { openSession, simulatedSession } from './simulated-session.ts'
import { virtualClock } from './virtual-clock.ts'

/** Whole sessions on a simulated link, in virtual time: what a viewer would see, and what the link would. */
describe('the bandwidth estimate', () => {
  for (const bps of [300_000, 1_000_000, 4_000_000])
    for (const rttMs of [20, 100, 300])
      it(`uses a link of ${bps / 1000} kbit/s at ${rttMs} ms, with little queue`, () => {
        const { use, forth } = openSession({ bps, rttMs })
        assert.ok(use(10_000, 30_000) > 0.8)
        assert.ok(forth.waits(10_000).over200 < 0.01, JSON.stringify(forth.waits(10_000)))
      })

  for (const loss of [0.05, 0.2])
    for (const bps of [300_000, 1_000_000])
      for (const where of ['loss', 'lossAfter'] as const)
        it(`does not take ${loss * 100} % random loss (${where}) for a full link of ${bps / 1000} kbit/s`, () => {
          const { use, forth, session } = openSession({ bps, rttMs: 60, [where]: loss })
          const used = use(10_000, 40_000)
          assert.ok(used > (where === 'loss' ? 0.84 : 0.74), String(used))
          assert.ok(forth.waits(10_000).over200 < 0.05)
          assert.ok(session.sender.stats().retransmitted > 20)
        })

  for (const seed of [65, 78, 91])
    it(`fills a link of 1 Mbit/s that loses 5 % at 100 ms without a queue of 150 ms (${seed})`, () => {
      const { use, forth } = openSession(
        { bps: 1_000_000, rttMs: 100, queueMs: 300, lossAfter: 0.05 },
        { seed },
      )
      assert.ok(use(10_000, 30_000) > 0.9)
      assert.ok(forth.waits(10_000).longest < 150, JSON.stringify(forth.waits(10_000)))
    })

  it('takes loss that grows with the rate for a full link, though no delay tells of it', () => {
    const { session, use } = openSession({ bps: 300_000, rttMs: 60, queueMs: 60 })
    assert.ok(use(10_000, 40_000) > 0.7)
    assert.ok((session.sent() * 8000) / 40_000 < 300_000 * 1.15, 'more is sent than goes through')
  })

  it('follows a drop from 4 Mbit/s to 300 kbit/s without a stall, and finds the return', () => {
    const { clock, forth, session } = openSession({ bps: 4_000_000, rttMs: 20 })
    clock.runTo(15_000)
    forth.settings.bps = 300_000
    forth.settings.queueMs = 6000
    clock.runTo(35_000)
    assert.ok(session.stall(15_000, 20_000) < 1000)
    assert.ok(session.latency(20_000, 35_000) < 500)
    assert.ok(forth.waits(15_000).longest < 2300, 'what was sent before it was seen')
    assert.ok(forth.waits(17_500).over200 < 0.02)
    forth.settings.bps = 4_000_000
    clock.runTo(45_000)
    const found = session.reached(3_200_000, 35_000)
    assert.ok(found && found < 45_000)
    assert.ok(session.stall(35_000, 45_000) < 500)
  })

  for (const queueMs of [300, 1000])
    for (const phase of [10, 20, 30, 40])
      it(`follows a drop that loses what was under way: a queue of ${queueMs} ms, ${phase} ms after a picture`, () => {
        const { clock, forth, session } = openSession(
          { bps: 4_000_000, rttMs: 20, queueMs },
          { firstBytes: 30_000, mostBps: 3_400_000 },
        )
        const at = 15_000 + phase
        clock.runTo(at)
        forth.settings.bps = 300_000
        let least = Number.POSITIVE_INFINITY
        for (let now = at; now < 20_000; now += 50) {
          clock.runTo(now)
          least = Math.min(least, session.sender.bandwidth())
        }
        assert.ok(least > 90_000, `encoders were told ${least} while the queue drained`)
        clock.runTo(35_000)
        assert.ok(session.stall(at, 20_000) < 1000, String(session.stall(at, 20_000)))
        assert.ok(session.latency(18_000, 35_000) < 500)
      })

  it('follows a link that slowly becomes worse', () => {
    const { clock, forth } = openSession({ bps: 2_000_000, rttMs: 60, queueMs: 2000 })
    for (let at = 15_000; at < 45_000; at += 100) {
      clock.runTo(at)
      forth.settings.bps = 2_000_000 - ((at - 15_000) / 30_000) * 1_700_000
    }
    assert.ok(forth.waits(15_000).over200 < 0.02, JSON.stringify(forth.waits(15_000)))
  })

  it('sends no more than a window while nothing is heard', () => {
    const { clock, back, session } = openSession({ bps: 4_000_000, rttMs: 60 })
    clock.runTo(15_000)
    back.settings.loss = 1
    const before = session.sent()
    const bps = session.sender.stats().estimate
    clock.runTo(15_650)
    assert.ok((session.sent() - before) * 8000 < bps * 480, 'all of 650 ms')
  })

  it('is kept while little of it is used', () => {
    const { clock, session } = openSession({ bps: 1_000_000, rttMs: 50 }, { mostBps: 200_000, fps: 15 })
    clock.runTo(60_000)
    const low = session.estimates.filter(({ at, bps }) => at > 10_000 && bps < 500_000)
    assert.ok(low.length < 20, `${low.length}`)
  })

  it('works at 800 ms', () => {
    const { use, forth } = openSession({ bps: 1_000_000, rttMs: 800 })
    assert.ok(use(10_000, 40_000) > 0.8)
    assert.ok(forth.waits(10_000).over200 < 0.05)
  })

  it('sends pictures at 64 kbit/s', () => {
    const { use, session, forth } = openSession({ bps: 64_000, rttMs: 100 }, { fps: 10 })
    assert.ok(use(10_000, 40_000) > 0.8)
    assert.ok(session.stall(5000, 40_000) < 2000)
    assert.ok(forth.waits(10_000).longest < 500)
  })

  for (const firstBytes of [30_000, 120_000, 400_000])
    it(`opens at 64 kbit/s within three seconds, the first picture made before that was known: ${firstBytes / 1000} kB`, () => {
      const { clock, session } = openSession(
        { bps: 64_000, rttMs: 100, queueMs: 750, loss: 0.01 },
        { fps: 10, firstBytes },
      )
      clock.runTo(20_000)
      const first = session.shown[0]?.at ?? Number.POSITIVE_INFINITY
      assert.ok(first < 3000, String(first))
      assert.ok(session.stall(first, 20_000) < 2000)
    })

  for (const later of [0, 10_000])
    it(`shares a link between two, the second ${later} ms later`, () => {
      const clock = virtualClock()
      const link = simulatedLink(clock, { bps: 1_000_000, delayMs: 20 }, 3)
      const back = (seed: number) => simulatedLink(clock, { bps: 10_000_000, delayMs: 20 }, seed)
      const one = simulatedSession(clock, link, back(5), { seed: 1 })
      const other = simulatedSession(clock, link, back(6), { seed: 2, startsAt: later })
      clock.runTo(30_000)
      const before = [one.sent(), other.sent()]
      clock.runTo(90_000)
      const shares = [one, other].map((each, i) => ((each.sent() - (before[i] ?? 0)) * 8000) / 60_000 / 1e6)
      for (const share of shares) assert.ok(share > 0.25, String(shares))
      assert.ok((shares[0] ?? 0) + (shares[1] ?? 0) > 0.8, String(shares))
      assert.ok(link.waits(30_000).over200 < 0.02)
    })

  for (const jitterMs of [30, 60])
    it(`is not fooled by jitter of ${jitterMs} ms`, () => {
      const { use } = openSession({ bps: 1_000_000, rttMs: 60, jitterMs })
      assert.ok(use(10_000, 40_000) > 0.55)
    })

  it('learns that the path has become longer', () => {
    const { use, forth } = openSession({ bps: 1_000_000, rttMs: 120 })
    use(5000, 15_000)
    forth.settings.delayMs += 300
    assert.ok(use(25_000, 45_000) > 0.75)
  })

  for (const ms of [3000, 30_000])
    it(`comes back by itself after a black hole of ${ms / 1000} s, having sent next to nothing into it`, () => {
      const { clock, forth, back, session } = openSession({ bps: 1_000_000, rttMs: 100 })
      clock.runTo(15_000)
      forth.settings.loss = 1
      back.settings.loss = 1
      clock.runTo(17_000)
      const before = session.sent()
      const end = 15_000 + ms
      clock.runTo(end)
      assert.ok((session.sent() - before) * 8 < 10 * ms, 'as good as silent')
      forth.settings.loss = 0
      back.settings.loss = 0
      clock.runTo(end + 6000)
      const first = session.shown.find(({ at }) => at > end)
      assert.ok(first && first.at < end + 2000)
      assert.ok(session.stall(end + 2000, end + 6000) < 500)
    })

  it('is told in changes worth acting upon, and looks for no more than could be used', () => {
    const { clock, session } = openSession({ bps: 4_000_000, rttMs: 40 }, { mostBps: 400_000 })
    const told: number[] = []
    session.sender.onBandwidth(bps => told.push(bps))
    session.sender.setDemand(400_000)
    clock.runTo(20_000)
    assert.ok(told.length > 0 && told.length < 200)
    for (const [i, bps] of told.entries()) if (i > 0) assert.notEqual(bps, told[i - 1])
    const probed = session.sender.stats().probed
    clock.runTo(40_000)
    assert.equal(session.sender.stats().probed, probed)
  })

  it('sends nothing while no picture is to be shown', () => {
    const { clock, session } = openSession({ bps: 3_000_000, rttMs: 100 }, { endsAt: 10_000 })
    clock.runTo(12_000)
    const before = session.sent()
    clock.runTo(60_000)
    assert.equal(session.sent(), before)
  })
})
