import assert from 'node:assert/strict'
import { packetizeVp9 } from '@ownsight/camera-agent/media/vp9-payload'
import { depacketizeVp8 } from '../../../support/media-decoder.ts'

/** First bytes of frames of profile 0: frame_marker 2, and frame_type 0 (key) or 1. */
const KEY = 0x80
const PREDICTED = 0x84

describe('vp9 payload (RFC 9628)', () => {
  it('says where a frame begins and ends, and whether it needs another (§4.2)', () => {
    const descriptors = (first: number, size: number) =>
      packetizeVp9(Buffer.concat([Buffer.from([first]), Buffer.alloc(size)])).map(payload => payload[0])
    assert.deepEqual(descriptors(KEY, 3000), [0x08, 0, 0x04])
    assert.deepEqual(descriptors(PREDICTED, 3000), [0x48, 0x40, 0x44])
    assert.deepEqual(descriptors(KEY, 10), [0x0c])
    assert.deepEqual(descriptors(PREDICTED, 10), [0x4c])
  })

  it('stays within 1200 bytes and comes back byte for byte', () => {
    for (const size of [1, 1199, 1200, 20_000]) {
      const frame = Buffer.alloc(size, 3)
      const payloads = packetizeVp9(frame)
      assert.ok(payloads.every(payload => payload.length <= 1200))
      assert.deepEqual(depacketizeVp8(payloads), frame)
    }
    assert.deepEqual(packetizeVp9(Buffer.alloc(0)), [])
  })
})
