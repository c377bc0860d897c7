import assert from 'node:assert/strict'
import { createKeyframeLimiter } from '@ownsight/camera-agent/rtc/send/keyframe-limiter'
import { virtualClock } from './virtual-clock.ts'

describe('key frame requests', () => {
  const open = () => {
    const clock = virtualClock()
    const asked: number[] = []
    return { clock, asked, limiter: createKeyframeLimiter(clock, () => asked.push(clock.now()), 400) }
  }

  it('ask at once, then once for all that come within the time', () => {
    const { clock, asked, limiter } = open()
    for (const at of [1000, 1001, 1100, 1399, 1450]) {
      clock.runTo(at)
      limiter.request()
    }
    clock.runTo(5000)
    assert.deepEqual(asked, [1000, 1400, 1800])
  })

  it('are met by a key frame that comes anyway', () => {
    const { clock, asked, limiter } = open()
    limiter.request()
    limiter.request()
    limiter.met()
    clock.runTo(5000)
    assert.deepEqual(asked, [0])
  })

  it('end with the session', () => {
    const { clock, asked, limiter } = open()
    limiter.request()
    limiter.request()
    limiter.close()
    clock.runTo(5000)
    assert.deepEqual(asked, [0])
  })
})
