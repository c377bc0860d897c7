import assert from 'node:assert/strict'
import { createTimeline } from '@ownsight/camera-agent/media/timeline'

describe('timeline', () => {
  let now = 0
  const open = () => {
    now = 0
    return createTimeline(() => now)
  }

  it('keeps the distances of one run', () => {
    const timeline = open()
    const first = timeline.map(1_000_000)
    assert.equal(timeline.map(1_004_500) - first, 4500)
  })

  it('goes on at wall-clock pace when the source was opened anew', () => {
    const timeline = open()
    const first = timeline.map(50)
    now = 20_000
    timeline.restart()
    assert.equal(timeline.map(60) - first, 20 * 90_000)
  })

  it('moves forward whatever the source says', () => {
    const timeline = open()
    const first = timeline.map(900_000_000)
    now = 40
    assert.ok(timeline.map(0) > first)
    now = 80
    const third = timeline.map(2 ** 45)
    assert.ok(third > first && third < 90_000)
  })

  it('lays sound beside the pictures, and nowhere without them', () => {
    const timeline = open()
    assert.equal(timeline.at(5000), undefined)
    const first = timeline.map(5000)
    assert.equal(timeline.at(6800), first + 1800)
    assert.equal(timeline.at(5000 + 200_000), undefined)
    assert.equal(timeline.map(8000) - first, 3000)
    timeline.restart()
    assert.equal(timeline.at(8000), undefined)
  })

  it('does not wrap the time of sound', () => {
    const timeline = open()
    now = (2 ** 32 / 90_000) * 1000 + 1000
    timeline.map(0)
    assert.ok((timeline.at(0) ?? 0) > 2 ** 32)
  })

  it('wraps at 32 bits', () => {
    const timeline = open()
    now = (2 ** 32 / 90_000) * 1000 + 1000
    assert.ok(timeline.map(0) < 2 ** 32)
  })
})
