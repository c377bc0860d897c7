import assert from 'node:assert/strict'
import { createSoundLimit } from '@ownsight/camera-agent/media/sound-limit'

describe('the limit of sound', () => {
  const taken = (may: () => boolean, count: number) =>
    Array.from({ length: count }, may).filter(Boolean).length

  it('lets a second of the shortest sensible packets through at once, and the rest not', () => {
    const may = createSoundLimit(() => 0)
    assert.equal(taken(may, 1000), 200)
  })

  it('is never in the way of sound at its own pace, and soon over for a flood', () => {
    let now = 0
    const may = createSoundLimit(() => now)
    for (; now < 60_000; now += 10) assert.ok(may())
    taken(may, 1000)
    assert.equal(may(), false)
    now += 100
    assert.equal(taken(may, 1000), 20)
  })
})
