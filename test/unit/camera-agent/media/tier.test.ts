import assert from 'node:assert/strict'
import {
  companyNeeds,
  pictureBudget,
  TIER_LIMITS,
  TIERS,
  targetRate,
  tierSize,
} from '@ownsight/camera-agent/media/tier'

describe('tiers', () => {
  it('leave no gap and no overlap between their bit rates', () => {
    for (const [i, tier] of TIERS.slice(1).entries()) {
      const better = TIER_LIMITS[TIERS[i] as (typeof TIERS)[number]]
      assert.equal(TIER_LIMITS[tier].max, better.min, tier)
      assert.ok(TIER_LIMITS[tier].fps <= better.fps)
    }
    for (const { min, start, max } of Object.values(TIER_LIMITS)) assert.ok(min < start && start < max)
  })

  it('leave a picture at least every two seconds on 64 kbit/s', () => {
    const fits = TIERS.filter(tier => TIER_LIMITS[tier].min <= pictureBudget(0.85 * 64_000))
    assert.deepEqual(fits, ['thin', 'still'])
    assert.ok(fits.every(tier => TIER_LIMITS[tier].fps >= 0.5))
  })

  it('keep the proportions of the source and never enlarge it', () => {
    assert.deepEqual(tierSize('high', 1280, 720), { width: 960, height: 540 })
    assert.deepEqual(tierSize('mid', 640, 480), { width: 480, height: 360 })
    assert.deepEqual(tierSize('low', 720, 1280), { width: 150, height: 270 })
    assert.deepEqual(tierSize('high', 160, 90), { width: 160, height: 90 })
    assert.deepEqual(tierSize('still', 4000, 2), { width: 320, height: 2 })
  })

  it('follow the lowest budget of their viewers within their range', () => {
    assert.equal(targetRate('mid', [undefined, undefined]), TIER_LIMITS.mid.start)
    assert.equal(targetRate('mid', [400_000, undefined, 500_000]), 380_000)
    assert.equal(targetRate('mid', [1, 500_000]), 475_000)
    assert.equal(targetRate('mid', [1, 2]), TIER_LIMITS.mid.min)
    assert.equal(targetRate('mid', [9e6]), TIER_LIMITS.mid.max)
  })

  it('ask of the slow one two thirds of what the fastest can take, where the next tier is fluent', () => {
    assert.equal(companyNeeds('source', [9e6, undefined, 1]), (TIER_LIMITS.source.max * 2) / 3)
    assert.equal(companyNeeds('high', [1_000_000]), 950_000 * (2 / 3))
    assert.equal(companyNeeds('mid', [undefined]), 0)
    for (const tier of ['low', 'thin', 'still'] as const) assert.equal(companyNeeds(tier, [9e6]), 0)
  })
})
