import assert from 'node:assert/strict'
import { createCaution, trialMs } from '../../../viewer/src/trials.ts'

const middle = (tried: number, since: number, took?: number): number => trialMs(tried, since, took, 0.5)

describe('tries to connect', () => {
  it('are short where connecting is quick, with longer ones among them for a line that has become slow', () => {
    const tries = Array.from({ length: 6 }, (_, i) => middle(i, 10_000, 150))
    assert.ok(Math.max(tries[0] ?? 0, tries[1] ?? 0) < 1000)
    assert.ok(Math.max(...tries) >= 4000)
    assert.equal(middle(6, 10_000, 150), tries[0])
  })
  it('take longer where connecting does, and where nothing is known of it', () => {
    assert.equal(middle(0, 0, 1000), 2000)
    assert.equal(middle(0, 0), 2000)
    assert.ok(middle(0, 0, 60_000) <= 5000)
  })
  it('are few after a minute, and never all at the same moment', () => {
    assert.equal(middle(0, 61_000, 100), 5000)
    assert.ok(trialMs(0, 61_000, 100, 0) < 4500 && trialMs(0, 61_000, 100, 1) > 5500)
  })
})

describe('caution', () => {
  it('doubles with each needless hurry, to a minute, and is forgotten after one that was needed', () => {
    let now = 0
    const caution = createCaution(() => now)
    assert.ok(caution.mayHurry())
    let rests = 0
    for (; now < 600_000; now += 500)
      if (caution.mayHurry()) {
        caution.wasNeedless()
        rests++
      }
    assert.ok(rests >= 9 && rests < 20, `${rests} in ten minutes`)
    assert.equal(caution.mayHurry(), false)
    caution.wasNeeded()
    assert.ok(caution.mayHurry())
  })
  it('is forgotten after a while without a needless one', () => {
    let now = 0
    const caution = createCaution(() => now)
    for (let i = 0; i < 4; i++) caution.wasNeedless()
    assert.equal(caution.mayHurry(), false)
    now += 130_000
    caution.wasNeedless()
    now += 8500
    assert.ok(caution.mayHurry())
  })
})
