import assert from 'node:assert/strict'
import { createGopRing } from '@ownsight/camera-agent/media/gop-ring'

const frame = (timestamp: number, key = false, size = 10) => ({
  timestamp,
  key,
  payloads: [Buffer.alloc(size)],
})

describe('gop ring', () => {
  it('holds the current group of pictures only', () => {
    const ring = createGopRing()
    ring.push(frame(1))
    assert.deepEqual(ring.burst(), [])
    for (const next of [frame(9000, true), frame(18_000), frame(27_000, true), frame(36_000)]) ring.push(next)
    assert.deepEqual(
      ring.burst().map(({ key }) => key),
      [true, false],
    )
  })

  it('draws a joiner’s timestamps together, ending at the newest, across the wrap', () => {
    const ring = createGopRing()
    for (const next of [frame(2 ** 32 - 4500, true), frame(0), frame(90)]) ring.push(next)
    assert.deepEqual(
      ring.burst().map(({ timestamp }) => timestamp),
      [2 ** 32 - 90, 0, 90],
    )
  })

  it('lets go of a group that has no end', () => {
    const ring = createGopRing()
    ring.push(frame(0, true))
    for (let i = 1; i < 10; i++) ring.push(frame(i, false, 1024 * 1024))
    assert.deepEqual(ring.burst(), [])
  })
})
