import assert from 'node:assert/strict'
import { createQueueDelay } from '@ownsight/camera-agent/rtc/send/queue-delay'

/** The receiver's clock is this far ahead. */
const AHEAD = 5000

describe('the delay of the queue', () => {
  const open = () => {
    const queue = createQueueDelay()
    const add = (sentAt: number, receivedAt: number, options: { size?: number; follows?: boolean } = {}) =>
      queue.add(
        { sentAt, receivedAt: receivedAt + AHEAD, size: options.size ?? 1000 },
        1_000_000,
        options.follows ?? true,
      )
    return { queue, add }
  }
  /** 1000 bytes every 15 ms over a link that takes 40 ms for each: 200 kbit/s */
  const fill = (add: ReturnType<typeof open>['add'], from: number, count: number, follows = true) => {
    for (let i = 0; i < count; i++) add(from + i * 15, from + 50 + i * 40, { follows })
  }

  it('is none on a link that keeps up, whatever the clocks say', () => {
    const { queue, add } = open()
    for (let i = 0; i < 50; i++) add(i * 20, 30 + i * 20)
    assert.equal(queue.ms(), 0)
    assert.equal(queue.capacity(), undefined)
  })

  it('grows with the queue, and what the link carries is known then', () => {
    const { queue, add } = open()
    fill(add, 0, 20)
    assert.ok(queue.ms() > 250)
    assert.equal(Math.round((queue.capacity() ?? 0) / 1000), 200)
    assert.ok(queue.squeezed())
  })

  it('is no queue where one packet was late', () => {
    const { queue, add } = open()
    for (let i = 0; i < 20; i++) add(i * 20, 30 + i * 20)
    add(400, 520)
    add(420, 521)
    add(440, 522)
    assert.ok(queue.ms() < 100)
    for (let i = 23; i < 30; i++) add(i * 20, 30 + i * 20)
    assert.equal(queue.ms(), 0)
  })

  it('tells no capacity from gaps that the sender made', () => {
    const { queue, add } = open()
    add(0, 30)
    for (let i = 1; i < 20; i++) add(i * 60, 40 + i * 60)
    assert.equal(queue.capacity(), undefined)
  })

  it('tells none from gaps of which it is not known what went between', () => {
    const { queue, add } = open()
    fill(add, 0, 20, false)
    assert.equal(queue.capacity(), undefined)
  })

  it('takes a moment’s standstill for no slow link', () => {
    const { queue, add } = open()
    for (let i = 0; i < 20; i++) add(i * 10, 30 + i * 10)
    for (let i = 20; i < 60; i++) add(i * 10, Math.max(450 + (i - 20) * 3, 30 + i * 10))
    assert.ok((queue.capacity() ?? Number.POSITIVE_INFINITY) > 1_000_000)
  })

  it('does not take a large packet for a queue', () => {
    const { queue, add } = open()
    for (let i = 0; i < 40; i++) add(i * 50, 30 + i * 50 + (i % 2) * 9, { size: i % 2 ? 1200 : 100 })
    assert.ok(queue.ms() < 1)
  })

  it('forgets how short the path once was', () => {
    const { queue, add } = open()
    for (let at = 0; at < 5000; at += 50) add(at, at + 30)
    for (let at = 5000; at < 25_000; at += 50) add(at, at + 130)
    assert.equal(queue.ms(), 0)
  })
})
