import assert from 'node:assert/strict'
import { createLoadMeter } from '@ownsight/camera-agent/media/load-meter'
import { createRateMeter } from '@ownsight/camera-agent/media/rate-meter'
import { createPace } from '@ownsight/camera-agent/media/tier-output'

describe('rate meter', () => {
  it('measures whole groups of pictures', () => {
    let now = 0
    const meter = createRateMeter(() => now)
    const rates: (number | undefined)[] = []
    for (let i = 0; i < 60; i++) {
      if (meter.add(i % 10 === 0 ? 10_000 : 1000, i % 10 === 0)) rates.push(meter.rate())
      now += 100
    }
    // 19,000 bytes each second
    assert.deepEqual(rates, [152_000, 152_000])
    meter.reset()
    assert.equal(meter.rate(), undefined)
  })

  it('does not wait for a key frame for ever', () => {
    let now = 0
    const meter = createRateMeter(() => now)
    let told = 0
    for (let i = 0; i < 130; i++) {
      if (meter.add(1250, i === 0)) told++
      now += 100
    }
    assert.deepEqual([told, meter.rate()], [2, 100_000])
  })
})

describe('load meter', () => {
  const run = async (busyMs: number, idleMs: number) => {
    let now = 0
    let behind = 0
    const load = createLoadMeter(
      () => behind++,
      () => now,
    )
    for (let i = 0; i < 100; i++) {
      await load(async () => {
        now += busyMs
      })
      now += idleMs
    }
    return behind
  }
  it('is quiet while there is time left', async () => assert.equal(await run(40, 10), 0))
  it('says so when there is none for four seconds', async () => {
    assert.equal(await run(50, 0), 1)
    assert.equal(await run(39, 0), 0)
    assert.equal(await run(100, 0), 4)
  })
})

describe('pace', () => {
  const taken = (most: number, fps: number, count: number) => {
    const pace = createPace(most)
    return Array.from({ length: count }, (_, i) => i).filter(i => pace(Math.round((i * 90_000) / fps), fps))
  }
  it('takes every picture of a source that is slow enough', () =>
    assert.deepEqual(taken(10, 10, 5), [0, 1, 2, 3, 4]))
  it('takes an even part of a faster one', () => {
    assert.deepEqual(taken(10, 20, 8), [0, 2, 4, 6])
    assert.deepEqual(
      taken(15, 20, 9),
      [0, 1, 3, 4, 5, 7, 8].filter(i => taken(15, 20, 9).includes(i)),
    )
    assert.equal(taken(15, 20, 200).length, 150)
    assert.equal(taken(0.5, 25, 500).length, 10)
  })
  it('takes one at once when asked to, and keeps its distance after it', () => {
    const pace = createPace(1)
    assert.deepEqual(
      [pace(0, 10), pace(9000, 10), pace(18_000, 10, true), pace(90_000, 10), pace(108_000, 10)],
      [true, false, true, false, true],
    )
  })
  it('begins anew after a jump of the clock', () => {
    const pace = createPace(1)
    assert.deepEqual([pace(9e9, 10), pace(0, 10), pace(90_000, 10)], [true, true, true])
  })
})
