import assert from 'node:assert/strict'
import { floorAfter, startClock } from '@ownsight/camera-agent/camera-clock'

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

  it('gives the log its own time while the system clock is not believed', () => {
    let system = stored + 60
    const clock = startClock(
      stored,
      () => system,
      () => 0,
    )
    assert.equal(clock.now(), (stored + 60) * 1000)
    for (const wrong of [0, stored + 10 * year]) {
      system = wrong
      assert.equal(clock.now(), stored * 1000)
    }
  })

  describe('after a newer policy', () => {
    it('M-6.22 attack 11: an earlier date alone does not lower the floor, whatever the system clock says', () => {
      const old = stored - 10 * year
      assert.equal(floorAfter(stored, old, stored + 60), stored, 'the system clock stands above the floor')
      assert.equal(floorAfter(stored, old, old + 2 * 86_400), stored, 'it does not agree with the policy')
      assert.equal(floorAfter(stored, old, 0), stored)
    })

    it('M-6.28 a floor that an admin’s wrong clock had set too high is lowered where two clocks say so', () => {
      const ahead = stored + 10 * year
      assert.equal(floorAfter(stored, ahead, stored), ahead)
      assert.equal(floorAfter(ahead, stored + 60, stored), stored + 60)
    })

    it('is taken over when the policy is in force', () => {
      const clock = startClock(
        stored + year,
        () => stored,
        () => 0,
      )
      assert.equal(clock.read().plausible, false)
      clock.set(clock.after(stored - 60))
      assert.deepEqual([clock.floor(), clock.read().plausible], [stored - 60, true])
    })
  })
})
