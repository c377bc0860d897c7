import assert from 'node:assert/strict'
import { createLink, type Link } from '../../netlab/link.ts'
import { bursty, type LinkSettings } from '../../netlab/link-settings.ts'

type Sent = { id: number; at: number; length: number }

/** Sends `count` packets evenly spaced and lets them come out each at its time, in virtual time. */
function run(link: Link<Sent>, options: { count: number; every: number; length?: number }) {
  const arrivals: { id: number; at: number; delay: number }[] = []
  const take = (until: number): void => {
    for (let at = link.next(); at <= until; at = link.next())
      for (const packet of link.take(at)) arrivals.push({ id: packet.id, at, delay: at - packet.at })
  }
  for (let id = 0; id < options.count; id++) {
    const at = id * options.every
    take(at)
    link.send(at, { id, at, length: options.length ?? 1000 })
  }
  take(Number.MAX_VALUE)
  return arrivals
}

const link = (settings: Partial<LinkSettings>, seed = 'test'): Link<Sent> => createLink<Sent>(settings, seed)

/** Lengths of the gaps in what arrived. */
function gaps(arrivals: { id: number }[], count: number): number[] {
  const there = new Set(arrivals.map(each => each.id))
  const found: number[] = []
  let gap = 0
  for (let id = 0; id < count; id++) {
    if (!there.has(id)) gap++
    else if (gap > 0) {
      found.push(gap)
      gap = 0
    }
  }
  return found
}

const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length

const near = (value: number, wanted: number, share: number): void =>
  assert.ok(
    Math.abs(value - wanted) <= wanted * share,
    `${value} is not within ${share * 100} % of ${wanted}`,
  )

describe('netlab: a link', () => {
  it('passes all at once when nothing is set', () => {
    const arrivals = run(link({}), { count: 100, every: 1 })
    assert.deepEqual(
      arrivals.map(each => each.id),
      [...Array(100).keys()],
    )
    assert.ok(arrivals.every(each => each.delay === 0))
  })

  it('delays each packet by the same', () => {
    assert.ok(run(link({ delay: 50 }), { count: 100, every: 1 }).every(each => each.delay === 50))
  })

  it('jitter is evenly spread; in order, or not where overtaking is allowed', () => {
    const count = 20_000
    const kept = link({ delay: 50, jitter: 30 })
    const order = run(kept, { count, every: 1 }).map(each => each.id)
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    )
    assert.equal(kept.statistics(1e9).overtaken, 0)
    const free = link({ delay: 50, jitter: 30, overtake: true })
    const delays = run(free, { count, every: 1 }).map(each => each.delay)
    near(mean(delays), 65, 0.01)
    assert.ok(Math.min(...delays) >= 50 && Math.max(...delays) < 80)
    assert.ok(free.statistics(1e9).overtaken > count / 4)
  })

  it('loses the share it is told, each packet for itself', () => {
    const count = 50_000
    const lossy = link({ loss: 0.1 })
    const arrivals = run(lossy, { count, every: 1 })
    near(1 - arrivals.length / count, 0.1, 0.05)
    near(mean(gaps(arrivals, count)), 1 / 0.9, 0.03)
    assert.equal(lossy.statistics(1e9).dropped.loss, count - arrivals.length)
  })

  for (const [share, length] of [
    [0.05, 4],
    [0.05, 10],
    [0.2, 5],
  ] as const)
    it(`bursts of ${length} packets lose ${share * 100} %`, () => {
      const count = 400_000
      const lossy = link({ burst: bursty(share, length) })
      const arrivals = run(lossy, { count, every: 1 })
      near(1 - arrivals.length / count, share, 0.05)
      near(mean(gaps(arrivals, count)), length, 0.05)
      assert.equal(lossy.statistics(1e9).dropped.burst, count - arrivals.length)
    })

  it('a bad state that loses only some', () => {
    const count = 200_000
    const arrivals = run(link({ burst: { enter: 0.02, leave: 0.08, loss: 0.5 } }), { count, every: 1 })
    near(1 - arrivals.length / count, 0.1, 0.05)
  })

  it('duplicates and reorders the share it is told', () => {
    const count = 20_000
    const both = link({ duplicate: 0.02, reorder: 0.01, reorderBy: 5 })
    const arrivals = run(both, { count, every: 1 })
    const { duplicated, overtaken } = both.statistics(1e9)
    assert.equal(arrivals.length, count + duplicated)
    near(duplicated / count, 0.02, 0.1)
    near(overtaken / count, 0.01, 0.15)
    assert.ok(arrivals.every(each => each.delay === 0 || each.delay === 5))
  })

  it('tells how late it was asked, the most of late', () => {
    const line = link({ delay: 10 })
    for (const id of [0, 1]) line.send(id, { id, at: id, length: 100 })
    line.take(13)
    assert.equal(line.statistics(13).late, 3)
    assert.equal(line.statistics(13).late, 0)
  })

  it('the same seed gives the same fate, another seed another', () => {
    const fate = (seed: string) =>
      run(link({ loss: 0.1, delay: 5, jitter: 10, overtake: true }, seed), { count: 500, every: 1 })
    assert.deepEqual(fate('a'), fate('a'))
    assert.notDeepEqual(fate('a'), fate('b'))
  })

  it('one kind of chance does not disturb another', () => {
    const lost = (more: Partial<LinkSettings>) => {
      const arrivals = run(link({ loss: 0.1, ...more }), { count: 2000, every: 1 })
      return [...new Set(arrivals.map(each => each.id))].sort((a, b) => a - b)
    }
    assert.deepEqual(lost({}), lost({ jitter: 30, overtake: true, duplicate: 0.1 }))
  })

  it('refuses settings that are none, and names the field', () => {
    for (const [name, value] of [
      ['loss', 5],
      ['loss', -0.1],
      ['delay', Number.NaN],
      ['rate', -1],
      ['queue', 1000],
      ['burst', { enter: 0.1, leave: 2, loss: 1 }],
      ['hole', 'yes'],
    ] as const)
      assert.throws(() => link({ [name]: value }), new RegExp(`RangeError: ${name}`))
    assert.throws(() => link({ los: 0.1 } as Partial<LinkSettings>), /a link has no "los"/)
    assert.throws(() => bursty(0.9, 1.05), /make them longer/)
  })
})

describe('netlab: a link with a rate', () => {
  it('lets out the rate, fills its queue and drops what finds no room', () => {
    const slow = link({ rate: 1000, queue: 30_000, delay: 30 })
    const arrivals = run(slow, { count: 4000, every: 5 })
    const { at } = arrivals.at(-1)!
    near(((arrivals.length - 30) * 8000) / (at - 270), 1000, 0.01)
    assert.ok(Math.max(...arrivals.map(each => each.delay)) <= 270.001)
    near(slow.statistics(at).dropped.overflow / 4000, 1 - 1000 / 1600, 0.02)
  })

  it('an idle link sends at once, for the time its bits take', () => {
    const arrivals = run(link({ rate: 1000 }), { count: 10, every: 100 })
    assert.ok(arrivals.every(each => Math.abs(each.delay - 8) < 1e-9))
  })

  it('tells how long a packet would wait, and the most of late', () => {
    const slow = link({ rate: 100, queue: 10_000 })
    for (let id = 0; id < 5; id++) slow.send(0, { id, at: 0, length: 1000 })
    const first = slow.statistics(0).queue
    assert.deepEqual([first.packets, first.bytes], [5, 5000])
    near(first.delay, 400, 1e-6)
    near(slow.statistics(100).queue.delay, 300, 1e-6)
    slow.take(400)
    assert.deepEqual(slow.statistics(400).queue.delay, 0)
    assert.equal(slow.statistics(400).queue.peak, 0)
  })

  it('a change of rate holds for what waits, half a packet too', () => {
    const slow = link({ rate: 100 })
    slow.send(0, { id: 0, at: 0, length: 1000 })
    slow.send(0, { id: 1, at: 0, length: 1000 })
    slow.set(40, { rate: 1000 })
    near(slow.next(), 44, 1e-9)
    slow.take(44)
    near(slow.next(), 52, 1e-9)
    slow.set(48, { rate: 0 })
    assert.equal(slow.next(), Number.POSITIVE_INFINITY)
    slow.set(1000, { rate: null })
    assert.equal(slow.next(), 1000)
    assert.deepEqual(
      slow.take(1000).map(each => each.id),
      [1],
    )
  })

  it('what is lost in the air has used the rate', () => {
    const arrivals = run(link({ rate: 1000, loss: 0.5, queue: 6000 }), { count: 4000, every: 4 })
    near(arrivals.length, 1000, 0.1)
  })
})

describe('netlab: a black hole', () => {
  it('swallows what comes and what flies, and ends', () => {
    const line = link({ delay: 50 })
    line.send(0, { id: 0, at: 0, length: 100 })
    line.set(10, { hole: true })
    assert.deepEqual(line.take(50), [])
    line.send(60, { id: 1, at: 60, length: 100 })
    line.send(70, { id: 2, at: 70, length: 100 })
    line.set(80, { hole: false })
    line.send(90, { id: 3, at: 90, length: 100 })
    assert.deepEqual(
      line.take(140).map(each => each.id),
      [3],
    )
    assert.equal(line.statistics(140).dropped.hole, 3)
  })
})
