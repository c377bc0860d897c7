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
})
