import assert from 'node:assert/strict'
import { createEncoderClock } from '@ownsight/camera-agent/media/encoder-clock'

describe("an encoder's line of time", () => {
  const play = (...ticks: number[]) => {
    const clock = createEncoderClock(3000)
    return ticks.map(each => {
      const pts = clock.put(each)
      return [pts, clock.ticksAt(pts)]
    })
  }

  it('is that of the source while that goes on', () => {
    assert.deepEqual(play(90_000, 93_000, 99_000), [
      [90_000, 90_000],
      [93_000, 93_000],
      [99_000, 99_000],
    ])
  })

  it('goes on by a step where the source goes back or stands still, and keeps its pace from there', () => {
    assert.deepEqual(play(90_000, 85_000, 85_000, 89_000), [
      [90_000, 90_000],
      [93_000, 85_000],
      [96_000, 85_000],
      [100_000, 89_000],
    ])
  })
})
