import assert from 'node:assert/strict'
import { createSentRecord } from '@ownsight/camera-agent/rtc/send/sent-record'
import { told } from './feedback.ts'

describe('sent packets', () => {
  it('meet the feedback that speaks of them', () => {
    const record = createSentRecord()
    assert.deepEqual(
      [10, 20, 30].map(at => record.add(at, at * 10)),
      [1, 2, 3],
    )
    assert.equal(record.inFlight(), 600)
    const reports = record.take(told(1, [1000, undefined, 1002.5]))
    assert.deepEqual(
      reports.map(({ sequence, sentAt, size, receivedAt }) => [sequence, sentAt, size, receivedAt]),
      [
        [1, 10, 100, 1000],
        [2, 20, 200, undefined],
        [3, 30, 300, 1002.5],
      ],
    )
    assert.equal(record.inFlight(), 0)
    assert.equal(record.waitingSince(), undefined)
  })

  it('counts once, and a lost one that came after all as late', () => {
    const record = createSentRecord()
    for (let i = 0; i < 3; i++) record.add(i, 100)
    record.take(told(1, [5, undefined, 6]))
    assert.deepEqual(record.take(told(1, [5, undefined, 6])), [])
    const [again] = record.take(told(2, [9]))
    assert.equal(again?.late, true)
    assert.equal(again?.receivedAt, 9)
  })

  it('goes on across the wrap of sequence numbers and of the receiver’s clock', () => {
    const record = createSentRecord()
    for (let i = 1; i <= 70_000; i++) assert.equal(record.add(i, 1), i & 0xffff)
    const end = 0xffffff * 64
    const before = record.take({ base: 69_990, reference: 0xffffff, arrivals: [0, 10] })
    const after = record.take({ base: 69_992 & 0xffff, reference: 0, arrivals: [0] })
    assert.deepEqual(
      [...before, ...after]
        .filter(({ untold }) => !untold)
        .map(({ sequence, receivedAt }) => [sequence, (receivedAt ?? 0) - end]),
      [
        [69_990, 0],
        [69_991, 10],
        [69_992, 64],
      ],
    )
  })

  it('tells of those in between that no feedback has spoken of', () => {
    const record = createSentRecord()
    for (let i = 0; i < 4; i++) record.add(i, 100)
    record.take(told(1, [5]))
    const reports = record.take(told(4, [9]))
    assert.deepEqual(
      reports.map(({ sequence, untold }) => [sequence, untold]),
      [
        [2, true],
        [3, true],
        [4, false],
      ],
    )
  })

  it('does not grow when feedback never comes, nor with feedback on what was never sent', () => {
    const record = createSentRecord()
    for (let i = 0; i < 100_000; i++) record.add(i, 1)
    assert.ok(record.inFlight() <= 16_384 + 1)
    assert.deepEqual(record.take(told(100_001, [1, 2])), [])
    assert.deepEqual(record.take(told(1, [1, 2])), [])
  })
})
