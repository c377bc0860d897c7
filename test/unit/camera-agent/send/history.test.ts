import assert from 'node:assert/strict'
import { createHistory, rtxPayload } from '@ownsight/camera-agent/rtc/send/history'

const packet = (sequence: number, bytes = 100) => ({
  sequence,
  timestamp: 1,
  marker: false,
  payload: Buffer.alloc(bytes, sequence),
})

describe('history of sent packets', () => {
  it('holds more than a second of them', () => {
    const history = createHistory()
    for (let i = 0; i < 1000; i++) history.add(packet(i), i)
    assert.equal(history.take(0, 1200, 100)?.sequence, 0)
  })

  it('gives one again within a round trip only once', () => {
    const history = createHistory()
    history.add(packet(7), 0)
    assert.ok(history.take(7, 50, 100))
    assert.equal(history.take(7, 149, 100), undefined)
    assert.ok(history.take(7, 150, 100))
    assert.equal(history.take(8, 150, 100), undefined)
  })

  it('forgets by age and by size', () => {
    const history = createHistory({ keepMs: 1000, maxBytes: 1000 })
    history.add(packet(1), 0)
    history.add(packet(2), 900)
    assert.equal(history.take(1, 1001, 0), undefined)
    assert.ok(history.take(2, 1001, 0))
    for (let i = 10; i < 100; i++) history.add(packet(i), 1001)
    assert.ok(history.size().bytes <= 1100)
  })

  it('holds the latest of one number after the numbers wrapped', () => {
    const history = createHistory()
    history.add(packet(3, 10), 0)
    history.add(packet(3, 20), 100)
    assert.equal(history.take(3, 100, 0)?.payload.length, 20)
    assert.deepEqual(history.size(), { packets: 1, bytes: 20 })
  })

  it('writes the original number before the original payload', () => {
    assert.deepEqual(rtxPayload(packet(0x1234, 2)), Buffer.from([0x12, 0x34, 0x34, 0x34]))
  })
})
