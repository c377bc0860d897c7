import assert from 'node:assert/strict'
import type { MediaFrame } from '@ownsight/camera-agent/media/media-frame'
import { createViewers } from '@ownsight/camera-agent/media/viewers'
import { fakeFeed } from './fake-feed.ts'

describe('viewers', () => {
  const closers: (() => void)[] = []
  afterEach(() => {
    for (const close of closers.splice(0)) close()
  })
  const open = (settings: Parameters<typeof fakeFeed>[0] = {}) => {
    const fake = fakeFeed(settings)
    const viewers = createViewers(fake.feed, () => undefined)
    closers.push(viewers.clear)
    const enter = (budget?: number) => {
      const frames: MediaFrame[] = []
      const viewer = viewers.create('h264', frame => frames.push(frame), budget)
      viewer.begin()
      return { ...viewer, frames, times: () => frames.map(({ timestamp }) => timestamp) }
    }
    return { ...fake, viewers, enter }
  }

  it('a joiner without a budget is sent the running group at once', () => {
    const { send, enter } = open()
    enter()
    send('source', true, 1000)
    send('source', false, 2000)
    assert.equal(enter().frames.length, 2)
  })

  it('a joiner with a small budget waits for a key frame of its size instead of a long group', () => {
    const { send, enter, asked } = open()
    enter(50_000)
    send('thin', true, 1000)
    send('thin', false, 2000, 'h264', 7000)
    const joiner = enter(50_000)
    assert.equal(joiner.frames.length, 0)
    assert.deepEqual(asked, ['h264 thin'])
    send('thin', false, 3000)
    send('thin', true, 4000)
    assert.deepEqual(joiner.times(), [4000])
  })

  it('a joiner whose lane has nothing yet is shown what runs below it', () => {
    const { send, enter } = open()
    enter(150_000)
    send('low', true, 1000)
    const joiner = enter()
    assert.deepEqual(joiner.times(), [1000])
    send('source', true, 2000)
    send('low', false, 3000)
    assert.deepEqual(joiner.times(), [1000, 2000])
  })

  it('encoders follow the lowest budget of their own viewers, down at once', () => {
    const { enter, rates } = open()
    enter(5e6)
    const one = enter(500_000)
    const other = enter(450_000)
    assert.equal(rates['h264 mid'], 427_500)
    one.setBudget(300_000)
    assert.equal(rates['h264 mid'], 285_000)
    other.close()
    assert.equal(rates['h264 source'], undefined)
  })

  it('one who draws the picture small is sent the sub stream with the next review, and back when it grows', () => {
    const main = fakeFeed({ passes: true, rate: 4e6 })
    const sub = fakeFeed({ passes: true, rate: 250_000, height: 360 })
    const viewers = createViewers(main.feed, () => sub.feed)
    closers.push(viewers.clear)
    const times: number[] = []
    const viewer = viewers.create('h264', ({ timestamp }) => times.push(timestamp), 20e6)
    viewer.setHeight(1080)
    viewer.begin()
    main.send('source', true, 1000)
    viewer.setHeight(200)
    viewers.review()
    main.send('source', false, 2000)
    sub.send('source', true, 3000)
    main.send('source', true, 4000)
    assert.deepEqual(times, [1000, 2000, 3000])
    viewer.setHeight(190)
    viewers.review()
    viewer.setHeight(1080)
    viewers.review()
    sub.send('source', false, 5000)
    main.send('source', true, 6000)
    assert.deepEqual(times, [1000, 2000, 3000, 5000, 6000], 'no climb is waited for')
    assert.ok(viewer.demand() > 4e6)
  })

  for (const sound of [undefined, 'aac'] as const)
    it(`one who draws the picture small and listens is sent the sub stream ${sound ? 'that has sound' : 'again when it listens no more'}`, () => {
      const main = fakeFeed({ passes: true, rate: 4e6, sound: 'aac' })
      const sub = fakeFeed({ passes: true, rate: 250_000, height: 360, ...(sound ? { sound } : {}) })
      const viewers = createViewers(main.feed, () => sub.feed)
      closers.push(viewers.clear)
      const times: number[] = []
      const viewer = viewers.create('h264', ({ timestamp }) => times.push(timestamp), 20e6)
      viewer.setHeight(180)
      viewer.begin()
      sub.send('source', true, 1000)
      const hearing = viewer.hear(new Set(['opus']), () => undefined)
      viewers.review()
      main.send('source', true, 2000)
      sub.send('source', true, 3000)
      viewers.review()
      assert.deepEqual([main.listeners.size, sub.listeners.size], sound ? [0, 1] : [1, 0])
      hearing.close()
      viewers.review()
      main.send('source', true, 4000)
      sub.send('source', true, 5000)
      assert.deepEqual(times, sound ? [1000, 3000, 5000] : [1000, 2000, 4000, 5000])
      assert.equal(main.listeners.size + sub.listeners.size, 0)
    })

  it('one who said how small the picture is before it began is sent the sub stream at once', () => {
    const main = fakeFeed({ passes: true, rate: 4e6 })
    const sub = fakeFeed({ passes: true, rate: 250_000, height: 360 })
    const viewers = createViewers(main.feed, () => sub.feed)
    closers.push(viewers.clear)
    const viewer = viewers.create('h264', () => undefined, undefined)
    viewer.setHeight(180)
    viewer.begin()
    assert.deepEqual(
      [main.feed.lanes().some(lane => lane.wanted), sub.feed.lanes()[0]?.wanted],
      [false, true],
    )
    assert.ok(viewer.demand() < 1e6)
  })

  it('up with the next review only', () => {
    const { enter, rates, viewers } = open()
    const one = enter(300_000)
    one.setBudget(500_000)
    assert.equal(rates['h264 mid'], 285_000)
    viewers.review()
    assert.equal(rates['h264 mid'], 475_000)
  })

  it('one who would hold the others back goes to the next tier, and they get all they can take', () => {
    const { enter, rates, viewers, send } = open()
    const fast = enter(5e6)
    viewers.review()
    send('source', true, 1000)
    const slow = enter(1_600_000)
    assert.equal(rates['h264 source'], 3_400_000)
    send('high', true, 2000)
    send('source', false, 3000)
    assert.deepEqual([slow.times(), fast.times()], [[2000], [1000, 3000]])
    viewers.review()
    assert.deepEqual([rates['h264 source'], rates['h264 high']], [3_400_000, 1_400_000])
  })

  it('one who is a little slower than the others stays with them', () => {
    const { enter, rates, viewers } = open()
    enter(3_000_000)
    viewers.review()
    enter(2_400_000)
    assert.equal(rates['h264 source'], 2_280_000)
  })

  it('where the picture needs less than the slow one can take, all stay together, once that is known', () => {
    for (const known of [true, false]) {
      const { enter, feed, viewers } = open()
      enter(5e6)
      const lane = feed.lane({ codec: 'h264', tier: 'source' })
      // What was measured at a lower rate says nothing.
      if (!known) viewers.review()
      lane.bps = 3_400_000
      Object.assign(lane.meter, { rate: () => 1_300_000 })
      enter(1_600_000)
      assert.equal(lane.routes.size, known ? 2 : 1)
    }
  })

  it('where there is not the time for every encoding, all stay together', () => {
    const { enter, rates, viewers } = open({ forbids: ['high'] })
    enter(5e6)
    viewers.review()
    enter(1_600_000)
    assert.equal(rates['h264 source'], 1_520_000)
  })

  it('one whose link fails is moved alone', () => {
    const { send, enter } = open({ passes: true, rate: 1e6 })
    const [fast, slow] = [enter(5e6), enter(5e6)]
    send('source', true, 1000)
    slow.setBudget(150_000)
    send('source', false, 2000)
    send('low', true, 2500)
    send('source', false, 3000)
    assert.deepEqual(
      [fast.times(), slow.times()],
      [
        [1000, 2000, 3000],
        [1000, 2500],
      ],
    )
  })

  it('is not judged by the first guess about its link when it began without a budget, unless it gets worse', () => {
    const { send, enter } = open()
    const viewer = enter()
    send('source', true, 1000)
    viewer.setBudget(200_000)
    viewer.setBudget(170_000)
    send('source', false, 2000)
    assert.deepEqual(viewer.times(), [1000, 2000])
    viewer.setBudget(150_000)
    send('source', false, 3000)
    send('low', true, 4000)
    assert.deepEqual(viewer.times(), [1000, 2000, 4000])
  })

  it('who has lost a picture of a stream that comes as it is gets its group again, if it is short', () => {
    const { send, enter, asked, feed } = open({ passes: true, rate: 1e6 })
    const viewer = enter(1_500_000)
    send('source', true, 90_000)
    send('source', false, 99_000)
    viewer.requestKeyframe()
    send('source', false, 108_000)
    assert.deepEqual(viewer.times(), [90_000, 99_000, 99_090, 99_180, 108_000])
    assert.deepEqual(
      viewer.frames.map(({ key }) => key),
      [true, false, true, false, false],
    )
    send('source', false, 117_000, 'h264', 100_000)
    viewer.requestKeyframe()
    assert.equal(viewer.frames.length, 6)
    assert.deepEqual([asked, feed.lanes().length > 0], [[], true])
  })

  it('hears the stream that it sees, from its beginning to its end', () => {
    const { send, enter, listeners } = open()
    const viewer = enter()
    send('source', true, 1000)
    const first = viewer.hear(new Set(['opus'] as const), () => undefined)
    assert.equal(listeners.size, 1)
    viewer.hear(new Set(['opus'] as const), () => undefined)
    assert.equal(listeners.size, 1)
    first.close()
    assert.equal(listeners.size, 1, 'what was replaced ends nothing')
    viewer.close()
    assert.equal(listeners.size, 0)
  })

  it('closed before it began, or gone, is sent nothing', () => {
    const { send, feed, viewers } = open()
    const frames: MediaFrame[] = []
    const viewer = viewers.create('h264', frame => frames.push(frame), undefined)
    viewer.close()
    viewer.begin()
    viewer.setBudget(1)
    send('source', true, 1000)
    assert.deepEqual([frames.length, viewers.count()], [0, 0])
    assert.ok(feed.lanes().every(lane => lane.routes.size === 0))
  })
})
