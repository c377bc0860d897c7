import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { perTurn } from '@ownsight/signaling/per-turn'

describe('so many in one turn', () => {
  it('are let through; the others wait, in order, and a turn that begins later is a new one', async () => {
    const mayGo = perTurn(3)
    const gone: number[] = []
    const ask = async (i: number) => {
      const wait = mayGo()
      if (wait) await wait
      gone.push(i)
    }
    for (let i = 0; i < 8; i++) void ask(i)
    assert.deepEqual(gone, [0, 1, 2])
    const seen: number[] = []
    for (let i = 0; i < 4; i++) {
      await turn()
      if (i === 0) void ask(8)
      seen.push(gone.length)
    }
    assert.ok(
      seen.every((length, i) => length - (seen[i - 1] ?? 3) <= 3),
      `${seen}`,
    )
    assert.deepEqual(gone, [0, 1, 2, 3, 4, 5, 6, 7, 8])
    await turn()
    await turn()
    for (let i = 9; i < 13; i++) void ask(i)
    assert.equal(gone.length, 12)
  })
})
