import assert from 'node:assert/strict'
import { packetizeVp8 } from '@ownsight/camera-agent/media/vp8-payload'
import { depacketizeVp8 } from '../../../support/media-decoder.ts'

describe('vp8 payload (RFC 7741)', () => {
  it('marks the start of the partition on the first payload alone (§4.2)', () => {
    const payloads = packetizeVp8(Buffer.alloc(3000, 1))
    assert.deepEqual(
      payloads.map(payload => payload[0]),
      [0x10, 0, 0],
    )
  })

  it('stays within 1200 bytes and comes back byte for byte', () => {
    for (const size of [1, 1199, 1200, 20_000]) {
      const frame = Buffer.alloc(size, 3)
      const payloads = packetizeVp8(frame)
      assert.ok(payloads.every(payload => payload.length <= 1200))
      assert.deepEqual(depacketizeVp8(payloads), frame)
    }
    assert.deepEqual(packetizeVp8(Buffer.alloc(0)), [])
  })
})
