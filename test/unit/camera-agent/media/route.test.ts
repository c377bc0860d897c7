import assert from 'node:assert/strict'
import type { MediaFrame } from '@ownsight/camera-agent/media/media-frame'
import { createRoute } from '@ownsight/camera-agent/media/route'
import { seededRandom } from '../../../evil/world.ts'
import { fakeFeed } from './fake-feed.ts'

function open() {
  let now = 0
  const { feed, send } = fakeFeed()
  const frames: MediaFrame[] = []
  const route = createRoute(
    frame => frames.push(frame),
    () => now,
  )
  return {
    route,
    send,
    source: feed.lane({ codec: 'h264', tier: 'source' }),
    low: feed.lane({ codec: 'h264', tier: 'low' }),
    thin: feed.lane({ codec: 'h264', tier: 'thin' }),
    wait: (ms: number) => {
      now += ms
    },
    frames,
    times: () => frames.map(({ timestamp }) => timestamp),
  }
}

describe('route', () => {
  it('sends what the lane has of its group, then every frame, the very same object', () => {
    const { route, send, source, frames } = open()
    send('source', true, 3000)
    route.begin(source)
    const next = send('source', false, 6000)
    assert.equal(frames.length, 2)
    assert.equal(frames[1], next)
  })

  it('changes lanes on a key frame of the new one only, and goes on with the old one until then', () => {
    const { route, send, source, low, times } = open()
    route.begin(source)
    send('source', true, 1000)
    route.aim(low, false)
    send('low', false, 1500)
    send('source', false, 2000)
    send('low', true, 3000)
    send('source', true, 4000)
    send('low', false, 5000)
    assert.deepEqual(times(), [1000, 2000, 3000, 5000])
    assert.deepEqual([source.routes.size, low.routes.size], [0, 1])
  })

  it('is silent until then where the link does not carry the old one', () => {
    const { route, send, source, low, times } = open()
    route.begin(source)
    send('source', true, 1000)
    route.aim(low, true)
    send('source', true, 2000)
    send('low', true, 3000)
    assert.deepEqual(times(), [1000, 3000])
  })

  it('needs a key frame too when it comes back to a lane it has been silent on', () => {
    const { route, send, source, low, times } = open()
    route.begin(source)
    send('source', true, 1000)
    route.aim(low, true)
    send('source', false, 2000)
    route.aim(source, false)
    send('source', false, 3000)
    send('low', true, 3500)
    send('source', true, 4000)
    send('source', false, 5000)
    assert.deepEqual(times(), [1000, 4000, 5000])
    assert.equal(low.routes.size, 0)
  })

  it('forgets a lane it was to go to when it is sent to a third', () => {
    const { route, send, source, low, thin, times } = open()
    route.begin(source)
    send('source', true, 1000)
    route.aim(low, false)
    route.aim(thin, false)
    send('low', true, 2000)
    send('thin', true, 3000)
    assert.deepEqual(times(), [1000, 3000])
    assert.deepEqual(
      [source, low, thin].map(lane => lane.routes.size),
      [0, 0, 1],
    )
  })

  it('moves time forward only, across the wrap too', () => {
    const { route, send, source, low, times } = open()
    route.begin(source)
    send('source', true, 2 ** 32 - 45)
    route.aim(low, false)
    send('low', true, 2 ** 32 - 3000)
    send('low', false, 2 ** 32 - 1500)
    send('low', false, 3000)
    assert.deepEqual(times(), [2 ** 32 - 45, 45, 135, 3000])
  })

  it('sends key frames alone, as far apart as the budget wants, and whole groups again after that', () => {
    const { route, send, source, wait, times } = open()
    route.begin(source)
    route.setKeysOnly(() => 8000)
    send('source', true, 1000, 'h264', 1000)
    send('source', false, 2000)
    wait(999)
    send('source', true, 3000, 'h264', 1000)
    wait(1)
    send('source', true, 4000, 'h264', 1000)
    route.setKeysOnly(undefined)
    send('source', false, 5000)
    send('source', true, 6000)
    send('source', false, 7000)
    assert.deepEqual(times(), [1000, 4000, 6000, 7000])
  })

  it('is on no lane after its end', () => {
    const { route, send, source, low, frames } = open()
    route.begin(source)
    route.aim(low, false)
    route.end()
    send('source', true, 1)
    send('low', true, 2)
    assert.deepEqual([frames.length, source.routes.size, low.routes.size], [0, 0, 0])
  })

  it('forgets a lane it was to go to when it is sent whole groups of the old one first', () => {
    const { route, send, source, low, thin } = open()
    route.begin(source)
    send('source', true, 1000)
    route.setKeysOnly(() => 8000)
    route.aim(low, false)
    route.setKeysOnly(undefined)
    route.aim(thin, false)
    send('thin', true, 2000)
    route.end()
    assert.deepEqual(
      [source, low, thin].map(lane => lane.routes.size),
      [0, 0, 0],
    )
  })

  it('is on no lane after its end, whatever happened before: a source that somebody is on never closes', () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = seededRandom(seed)
      const { route, send, source, low, thin } = open()
      const lanes = [source, low, thin]
      const any = () => lanes[Math.floor(random() * lanes.length)] as typeof source
      route.begin(any())
      const steps = [
        () => route.aim(any(), random() < 0.3),
        () => route.setKeysOnly(random() < 0.5 ? () => 8000 : undefined),
        () => route.replay(),
        () => send(any().encoding.tier, random() < 0.5, random() * 1e6),
      ]
      for (let i = 0; i < 20; i++) steps[Math.floor(random() * steps.length)]?.()
      route.end()
      assert.deepEqual(
        lanes.map(lane => lane.routes.size),
        [0, 0, 0],
        `seed ${seed}`,
      )
    }
  })
})
