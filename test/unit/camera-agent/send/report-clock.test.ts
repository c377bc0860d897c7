import assert from 'node:assert/strict'
import { createReportClock } from '@ownsight/camera-agent/rtc/send/report-clock'

describe('the time that sender reports tell', () => {
  const play = (late: readonly number[], from = 0) => {
    const clock = createReportClock()
    for (const [i, ms] of late.entries()) clock.picture(from + i * 50 * 90, 1000 + i * 50 + ms)
    return { clock, end: 1000 + late.length * 50, ticks: from + late.length * 50 * 90 }
  }

  it('is not known before the first picture', () => {
    assert.equal(createReportClock().now(1000), undefined)
  })

  it('is that of the picture that came soonest, whatever the last one was', () => {
    const { clock, end, ticks } = play([200, 40, 90, 40, 250, 180])
    const apart = (clock.now(end + 40) ?? 0) - ticks
    assert.ok(Math.abs(apart) < 90, `${apart} ticks`)
  })

  it('goes past the end of 32 bits', () => {
    const { clock, end } = play([0, 0, 0], 2 ** 32 - 4500)
    assert.equal(clock.now(end), 9000)
  })

  it('follows a clock that is slow by a thousandth', () => {
    const { clock, end, ticks } = play(Array.from({ length: 400 }, (_, i) => i * 0.05))
    const apart = (clock.now(end + 20) ?? 0) - ticks
    assert.ok(Math.abs(apart) < 180, `${apart} ticks`)
  })

  it('begins anew when the pictures do', () => {
    const { clock, end } = play([0, 0, 0])
    clock.picture(90_000_000, end)
    assert.equal(clock.now(end), 90_000_000)
    clock.picture(90_000, end + 50)
    assert.equal(clock.now(end + 50), 90_000)
  })
})
