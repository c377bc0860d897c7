import assert from 'node:assert/strict'
import { replayWindow } from '@ownsight/camera-agent/rtc/guard/replay-window'
import fc from 'fast-check'

describe('replay window', () => {
  it('takes each number once, whatever the order, and none older than 64', () => {
    const numbers = fc.array(fc.bigInt({ min: 0n, max: 300n }), { maxLength: 400 })
    fc.assert(
      fc.property(numbers, sequence => {
        const window = replayWindow()
        const taken = new Set<bigint>()
        let highest = -1n
        for (const number of sequence) {
          const expected = taken.has(number) || (number <= highest && highest - number >= 64n)
          assert.equal(window.seen(number), expected)
          if (expected) continue
          window.accept(number)
          taken.add(number)
          if (number > highest) highest = number
        }
      }),
    )
  })

  /** A window that was told these, in this order. */
  const told = (...numbers: bigint[]) => {
    const window = replayWindow()
    for (const number of numbers) window.accept(number)
    return (number: bigint): boolean => window.seen(number)
  }

  it('the highest is seen, and what is above it is not', () => {
    const seen = told(0n)
    assert.deepEqual([0n, 1n, 2n].map(seen), [true, false, false])
    assert.deepEqual([99n, 100n, 101n].map(told(100n)), [false, true, false])
    assert.deepEqual([100n, 101n, 102n].map(told(100n, 101n)), [true, true, false])
    assert.ok(!replayWindow().seen(0n))
  })

  it('a late one is seen from then on, and its neighbours are not', () => {
    const seen = told(200n, 150n, 200n - 63n)
    assert.deepEqual([151n, 150n, 149n, 138n, 137n].map(seen), [false, true, false, false, true])
  })

  it('what is 64 behind counts as seen', () => {
    const seen = told(200n)
    assert.deepEqual([200n - 63n, 200n - 64n, 0n].map(seen), [false, true, true])
    assert.ok(told(200n, 100n)(101n))
  })

  it('the marks move along with the highest', () => {
    assert.deepEqual([10n, 11n, 12n, 40n].map(told(10n, 12n, 40n)), [true, false, true, true])
    assert.deepEqual([100n, 101n, 164n].map(told(100n, 164n)), [true, false, true])
    assert.deepEqual([100n, 101n, 163n].map(told(100n, 163n)), [true, false, true])
    assert.ok(!told(100n, 5000n)(4990n))
  })
})
