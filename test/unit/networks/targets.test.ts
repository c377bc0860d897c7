import assert from 'node:assert/strict'
import { fallsShort, firstUnder, foundAt, longestGap } from '../../networks/change-figures.ts'
import { type GridResult, WHOLE } from '../../networks/grid.ts'
import { missed } from '../../networks/grid-report.ts'
import { costs } from '../../networks/two-viewers.ts'

describe('what the measurements of bad lines ask for', () => {
  const good: GridResult = {
    ...{ loss: 0.05, burst: false, rtt: 100, kbit: 1000, frames: 150, foreign: 0, fps: 15 },
    ...{ longest: 400, freezes: 0, latency: { p50: 200, p95: 400 }, use: 0.85, queue: 180 },
  }

  it('a line of the grid: freezes, use, queue, pictures at 64 kbit/s', () => {
    assert.equal(missed(good), undefined)
    assert.match(missed({ ...good, freezes: 1 }) ?? '', /freeze/)
    assert.match(missed({ ...good, use: 0.79 }) ?? '', /80 % of the line/)
    assert.match(missed({ ...good, queue: 201 }) ?? '', /queue of more than 200/)
    assert.match(missed({ ...good, kbit: 4000, foreign: 1 }) ?? '', /foreign/)
    assert.equal(missed({ ...good, burst: true, use: 0.5 }), undefined)
    const slow = { ...good, loss: 0.01, kbit: 64, use: 0.5, queue: 400 }
    assert.equal(missed(slow), undefined)
    assert.match(missed({ ...slow, longest: 2001 }) ?? '', /two seconds/)
  })

  it('the whole grid is every loss, way of losing, round trip and rate, once', () => {
    const names = new Set(WHOLE.map(each => JSON.stringify(each)))
    assert.deepEqual([WHOLE.length, names.size], [144, 144])
    for (const kbit of [64, 300, 1000, 4000])
      assert.equal(WHOLE.filter(each => each.kbit === kbit && each.rtt === 800 && each.burst).length, 4)
  })

  it('the longest gap counts the edges', () => {
    assert.equal(longestGap([], 0, 700), 700)
    assert.equal(longestGap([{ at: 50 }, { at: 100 }, { at: 400 }], 80, 900), 500)
    assert.equal(longestGap([{ at: 300 }], 0, 400), 300)
  })

  it('latency is back with the first picture that stays fresh for a second', () => {
    const at = (from: number, ms: (at: number) => number) =>
      Array.from({ length: 60 }, (_, i) => ({ at: from + i * 50, ms: ms(from + i * 50) }))
    assert.equal(
      firstUnder(
        at(1000, t => (t < 2400 ? 700 : 300)),
        1000,
      ),
      1400,
    )
    assert.equal(
      firstUnder(
        at(1000, t => (t === 1500 ? 501 : 300)),
        1000,
      ),
      550,
    )
    assert.equal(
      firstUnder(
        at(1000, () => 501),
        1000,
      ),
      undefined,
    )
  })

  it('the return is found when the picture is as large as before, and its bits come', () => {
    const before = { width: 1280, kbit: 3000 }
    const sizes = (width: number, kbit: number) =>
      Array.from({ length: 20 }, (_, i) => ({ at: i * 500, width, bytes: (i * 500 * kbit) / 8 }))
    assert.equal(foundAt(sizes(1280, 2200), 200, before), 800)
    assert.equal(foundAt(sizes(1280, 2000), 200, before), undefined)
    assert.equal(foundAt(sizes(960, 3000), 200, before), undefined)
  })

  it('a drop: stall, latency, return', () => {
    const met = {
      width: 1280,
      kbit: 3000,
      low: { width: 640, kbit: 250 },
      stall: 900,
      back: 4000,
      later: 400,
    }
    assert.equal(fallsShort({ ...met, found: 9000 }), undefined)
    assert.match(fallsShort({ ...met, found: 9000, stall: 1000 }) ?? '', /stall/)
    assert.match(fallsShort({ ...met, found: 9000, back: 5001 }) ?? '', /latency/)
    assert.match(fallsShort({ ...met, found: 9000, back: undefined }) ?? '', /latency/)
    assert.match(fallsShort({ ...met, found: undefined }) ?? '', /return/)
  })

  it('a slow viewer beside a fast one: pictures, gaps, size', () => {
    const alone = { fps: 20, longest: 120, width: 1280, kbit: 3000 }
    assert.equal(costs(alone, { ...alone, fps: 18.5, longest: 400 }), undefined)
    assert.match(costs(alone, { ...alone, fps: 17 }) ?? '', /fewer/)
    assert.match(costs(alone, { ...alone, longest: 600 }) ?? '', /stands still/)
    assert.match(costs(alone, { ...alone, width: 960 }) ?? '', /smaller/)
  })
})
