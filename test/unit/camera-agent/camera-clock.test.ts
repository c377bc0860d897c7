import assert from 'node:assert/strict'
import { startClock } from '@ownsight/camera-agent/camera-clock'

describe('camera clock', () => {
  const year = 365 * 86_400
  const stored = 1_800_000_000

  it('believes a system clock at or above its floor', () => {
    assert.deepEqual(
      startClock(
        stored,
        () => stored + 60,
        () => 0,
      ).read(),
      { now: stored + 60, plausible: true },
    )
  })

  it('does not believe 1970, nor ten years ahead', () => {
    assert.equal(
      startClock(
        stored,
        () => 0,
        () => 0,
      ).read().plausible,
      false,
    )
    assert.equal(
      startClock(
        stored,
        () => stored + 10 * year,
        () => 0,
      ).read().plausible,
      false,
    )
  })

  it('raises its floor with monotonic time and never lowers it', () => {
    let monotonic = 0
    const clock = startClock(
      stored,
      () => stored,
      () => monotonic,
    )
    monotonic = 100
    assert.equal(clock.floor(), stored + 100)
    clock.raise(stored)
    assert.equal(clock.floor(), stored + 100)
    clock.raise(stored + 500)
    assert.equal(clock.floor(), stored + 500)
    assert.equal(clock.read().plausible, false, 'the system clock has fallen behind the floor')
  })
})
