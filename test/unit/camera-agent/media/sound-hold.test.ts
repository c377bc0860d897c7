import assert from 'node:assert/strict'
import { createPictureLag } from '@ownsight/camera-agent/media/picture-lag'
import type { SoundFrame } from '@ownsight/camera-agent/media/sound'
import { createSoundHold } from '@ownsight/camera-agent/media/sound-hold'
import { until } from '../../../support/wait.ts'

const frame = (at: number): SoundFrame => ({ codec: 'opus', payload: Buffer.from([at]), at })

describe('how late pictures come', () => {
  const open = () => {
    let now = 5000
    const lag = createPictureLag(() => now)
    /** One picture each 50 ms on the line that begins at 0, each so many ms late. */
    const play = (from: number, late: readonly number[]) => {
      for (const [i, ms] of late.entries()) {
        now = 5000 + from + i * 50 + ms
        lag.add((from + i * 50) * 90)
      }
      return lag.due(0)
    }
    return { lag, play }
  }

  it('is not known before the first of them, nor after a reset', () => {
    const { lag, play } = open()
    assert.equal(lag.due(0), undefined)
    play(0, [40])
    lag.reset()
    assert.equal(lag.due(0), undefined)
  })

  it('is that of the first, and of all since on the average', () => {
    const { play } = open()
    assert.equal(play(0, [40]), 5040)
    const due = play(50, Array(200).fill(100)) ?? 0
    assert.ok(due > 5094 && due <= 5100, String(due))
  })

  it('moves slower than anybody hears: by a tenth of the one picture that is 400 ms late', () => {
    const { play } = open()
    play(0, Array(100).fill(40))
    const due = play(5000, [440]) ?? 0
    assert.ok(due > 5040 && due < 5085, String(due))
  })

  it('is known anew after a jump', () => {
    const { play } = open()
    play(0, Array(10).fill(40))
    assert.equal(play(500, [3040]), 8040)
  })
})

describe('sound held back for its picture', () => {
  it('leaves at once without a time, and in order', async () => {
    const heard: number[] = []
    const hold = createSoundHold(({ at }) => void heard.push(at))
    const now = performance.now()
    hold.take(frame(1), undefined)
    assert.deepEqual(heard, [1])
    hold.take(frame(2), now + 100)
    hold.take(frame(3), undefined)
    assert.deepEqual(heard, [1])
    await until(() => heard.length === 3, { timeout: 5000, what: 'all three' })
    assert.deepEqual(heard, [1, 2, 3])
    assert.ok(performance.now() - now >= 75, 'some 80 ms: a browser makes up for the rest')
  })

  it('waits 600 ms at the most', async () => {
    const start = performance.now()
    let heardAt = 0
    const hold = createSoundHold(() => {
      heardAt = performance.now()
    })
    hold.take(frame(1), start + 60_000)
    await until(() => heardAt > 0, { timeout: 5000, what: 'the sound' })
    assert.ok(heardAt - start >= 590)
  })

  it('what is held goes nowhere once it is cleared, and what comes after goes on', async () => {
    const heard: number[] = []
    const hold = createSoundHold(({ at }) => void heard.push(at))
    hold.take(frame(1), performance.now() + 80)
    hold.clear()
    hold.take(frame(2), performance.now() + 130)
    await until(() => heard.length > 0, { timeout: 5000, what: 'the second' })
    assert.deepEqual(heard, [2])
  })
})
