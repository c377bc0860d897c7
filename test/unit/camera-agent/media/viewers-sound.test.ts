import assert from 'node:assert/strict'
import { createViewers } from '@ownsight/camera-agent/media/viewers'
import { until } from '../../../support/wait.ts'
import { fakeFeed } from './fake-feed.ts'

describe('viewers who listen', () => {
  const closers: (() => void)[] = []
  afterEach(() => {
    for (const close of closers.splice(0)) close()
  })

  for (const [how, end] of [
    ['no longer hears', ({ hearing }) => hearing.close()],
    ['is gone', ({ viewers }) => viewers.clear()],
    [
      'is moved to another stream',
      ({ viewers, viewer, sub }) => {
        viewer.setHeight(180)
        viewers.review()
        sub.send('source', true, 2000)
        viewers.review()
      },
    ],
  ] as [string, (all: ReturnType<typeof listen>) => unknown][])
    it(`sound held back for its picture goes nowhere when who listens ${how}`, async () => {
      const all = listen()
      const { lag } = all.main.feed.lane({ codec: 'h264', tier: 'source' })
      // Its pictures are 100 ms late.
      lag.add((performance.now() - 100) * 90)
      const [listener] = all.main.listeners
      const sound = (at: number) => listener?.take({ codec: 'opus', payload: Buffer.from([1]), at: at * 90 })
      sound(performance.now() - 1000)
      sound(performance.now() - 20)
      assert.equal(all.heard.length, 1)
      end(all)
      const due = performance.now() + 100
      await until(() => performance.now() > due, { timeout: 5000, what: 'the time it was due' })
      assert.equal(all.heard.length, 1)
    })

  function listen() {
    const main = fakeFeed({ passes: true, rate: 4e6, sound: 'aac' })
    const sub = fakeFeed({ passes: true, rate: 250_000, height: 360, sound: 'aac' })
    const viewers = createViewers(main.feed, () => sub.feed)
    closers.push(viewers.clear)
    const viewer = viewers.create('h264', () => undefined, 20e6)
    viewer.setHeight(1080)
    viewer.begin()
    main.send('source', true, 1000)
    const heard: number[] = []
    const hearing = viewer.hear(new Set(['opus']), ({ at }) => heard.push(at))
    return { main, sub, viewers, viewer, hearing, heard }
  }
})
