import assert from 'node:assert/strict'
import { TICK_MS, untilTick } from '@ownsight/camera-agent/rtc/send/tick'

describe('ticks of the viewers', () => {
  it('fall together, whenever a viewer came', () => {
    for (const came of [0, 1, 20.4, 42.9, 1234.5]) {
      const at = came + untilTick(came)
      assert.ok(Math.abs(at - Math.round(at / TICK_MS) * TICK_MS) < 1e-6, String(came))
      assert.ok(untilTick(came) >= TICK_MS / 2 && untilTick(came) < TICK_MS * 1.5)
    }
  })

  it('come once, though a timer be a moment early', () => {
    assert.ok(untilTick(10 * TICK_MS - 0.5) > TICK_MS)
  })
})
