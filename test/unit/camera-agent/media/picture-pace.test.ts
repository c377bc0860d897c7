import assert from 'node:assert/strict'
import { createPicturePace } from '@ownsight/camera-agent/media/picture-pace'

describe('the pace of pictures', () => {
  /** Pictures so many ms apart, each known by the next one's beginning and `more(i)` ms: how late each leaves. */
  const play = (apart: readonly number[], more: (i: number) => number = () => 0) => {
    let now = 0
    const pace = createPicturePace(() => now)
    let at = 1000
    const late = apart.map((ms, i) => {
      now = at + ms + more(i)
      const due = pace.due(at * 90)
      assert.ok(due >= now, 'never before it is there')
      const leaves = due - at
      at += ms
      return leaves
    })
    return { late, pace, wait: () => pace.due(at * 90) - now }
  }
  const uneven = Array.from({ length: 120 }, (_, i) => [40, 100, 250, 40, 250, 100, 100][i % 7] ?? 0)

  it('an uneven one is made even: each picture is as late as the latest', () => {
    const { late } = play(uneven)
    assert.deepEqual(new Set(late.slice(20)), new Set([250]))
  })

  for (const ms of [16, 40, 250, 1000])
    it(`pictures ${ms} ms apart never wait, however busy the machine is`, () => {
      const busy = (i: number) => (i % 3) * 50
      const { late } = play(Array(100).fill(ms), busy)
      assert.deepEqual(
        late,
        late.map((_, i) => ms + busy(i)),
      )
    })

  it('nor do those of a source that leaves one out now and then, or of its first half second', () => {
    const { late } = play(Array.from({ length: 200 }, (_, i) => (i % 9 === 0 ? 80 : 40)))
    assert.deepEqual(new Set(late), new Set([40, 80]))
    assert.deepEqual(play(uneven).late.slice(0, 9), uneven.slice(0, 9))
  })

  it('no picture waits longer than 300 ms for the others', () => {
    const { late } = play(Array.from({ length: 60 }, (_, i) => (i % 2 ? 40 : 900)))
    assert.equal(Math.max(...late.filter((_, i) => i % 2)), 340)
  })

  it('is forgotten some seconds after the source is even again, and at once with a reset', () => {
    const { late } = play([...uneven, ...Array(200).fill(40)])
    assert.deepEqual(new Set(late.slice(-50)), new Set([40]))
    const { pace, wait } = play(uneven)
    assert.ok(wait() >= 200)
    pace.reset()
    assert.equal(wait(), 0)
  })
})
