import assert from 'node:assert/strict'
import { demandOf, offersOf } from '@ownsight/camera-agent/media/offers'
import { TIER_LIMITS, type Tier } from '@ownsight/camera-agent/media/tier'
import { fakeFeed } from './fake-feed.ts'

const names = (offers: ReturnType<typeof offersOf>, sub?: unknown) =>
  offers.map(({ name: { lane, keysOnly } }) =>
    [sub && lane.feed === sub && 'sub', lane.encoding.tier, keysOnly && 'keys'].filter(Boolean).join(' '),
  )

describe('offers', () => {
  it('are all tiers of a source that is encoded', () => {
    const { feed } = fakeFeed()
    assert.deepEqual(names(offersOf('h264', feed, undefined)), [
      'source',
      'high',
      'mid',
      'low',
      'thin',
      'still',
    ])
    assert.equal(offersOf('h264', feed, undefined)[0]?.needs, TIER_LIMITS.source.min)
    assert.equal(demandOf(offersOf('vp8', feed, undefined)), Math.round(TIER_LIMITS.source.max / 0.95))
  })

  it('are only what is clearly smaller than a source that is passed through, which takes what it takes', () => {
    const { feed } = fakeFeed({ passes: true, rate: 500_000 })
    const offers = offersOf('h264', feed, undefined)
    assert.deepEqual(names(offers), ['source', 'mid', 'low', 'thin', 'still'])
    assert.equal(offers[0]?.needs, 550_000)
    assert.ok(demandOf(offers) > 550_000 && demandOf(offers) < 800_000)
  })

  it('are the sub stream and what is smaller than that, made of it', () => {
    const main = fakeFeed({ passes: true, rate: 4e6 })
    const sub = fakeFeed({ passes: true, rate: 250_000 })
    const h264 = names(offersOf('h264', main.feed, sub.feed), sub.feed)
    assert.deepEqual(h264, ['source', 'sub source', 'sub low', 'sub thin', 'sub still'])
    const vp8 = names(offersOf('vp8', main.feed, sub.feed), sub.feed)
    assert.deepEqual(vp8, ['source', 'high', 'sub low', 'sub thin', 'sub still'])
  })

  it('are those of the sub stream alone where the picture is drawn no larger than that', () => {
    const main = fakeFeed({ passes: true, rate: 4e6 })
    const sub = fakeFeed({ passes: true, rate: 250_000 })
    const at = (height?: number) => names(offersOf('h264', main.feed, sub.feed, height), sub.feed)
    const small = ['sub source', 'sub low', 'sub thin', 'sub still']
    assert.deepEqual(at(360), small)
    assert.deepEqual(at(451), ['source', ...small], 'as long as its height is not known: 360')
    sub.settings.height = 480
    assert.deepEqual(at(600), small, 'a quarter larger than it is')
    assert.deepEqual(at(601), ['source', ...small])
    assert.deepEqual(at(), ['source', ...small])
    assert.deepEqual(names(offersOf('vp8', main.feed, sub.feed, 300), sub.feed), small.slice(1))
    assert.equal(names(offersOf('h264', main.feed, undefined, 90))[0], 'source', 'without one, as ever')
  })

  it('leave out what the process cannot keep up with; at the end only key frames of the source are left', () => {
    const forbids: Tier[] = ['high', 'mid', 'low']
    const { feed, settings } = fakeFeed({ passes: true, rate: 4e6, forbids })
    assert.deepEqual(names(offersOf('h264', feed, undefined)), ['source', 'thin', 'still'])
    settings.forbids = ['source', 'high', 'mid', 'low', 'thin', 'still']
    assert.deepEqual(names(offersOf('h264', feed, undefined)), ['source', 'source keys'])
    assert.deepEqual(names(offersOf('vp8', feed, undefined)), ['still'])
    settings.passes = false
    assert.deepEqual(names(offersOf('h264', feed, undefined)), ['still'])
  })
})
