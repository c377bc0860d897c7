import assert from 'node:assert/strict'
import { createHeap } from '../../netlab/heap.ts'
import { createRandom } from '../../netlab/random.ts'

describe('netlab: a heap', () => {
  it('gives items by time, and by arrival where the time is the same', () => {
    const random = createRandom('heap')
    const heap = createHeap<{ time: number; order: number }>()
    const items = Array.from({ length: 2000 }, (_, order) => ({ time: Math.floor(random() * 50), order }))
    for (const item of items) heap.push(item.time, item)
    assert.equal(heap.next(), Math.min(...items.map(each => each.time)))
    const out = items.map(() => heap.pop()!)
    assert.deepEqual(
      out,
      items.toSorted((a, b) => a.time - b.time || a.order - b.order),
    )
    assert.equal(heap.size, 0)
    assert.equal(heap.next(), Number.POSITIVE_INFINITY)
    assert.equal(heap.pop(), undefined)
  })

  it('keeps its order while items come and go', () => {
    const random = createRandom('mixed')
    const heap = createHeap<number>()
    let held: number[] = []
    for (let i = 0; i < 3000; i++)
      if (random() < 0.6) {
        const time = random()
        heap.push(time, time)
        held.push(time)
      } else if (held.length > 0) {
        const least = Math.min(...held)
        assert.equal(heap.pop(), least)
        held = held.filter(each => each !== least)
      }
  })
})
