import assert from 'node:assert/strict'
import type { Packet } from '../../bench/homes/peer.ts'
import { createWholePictures } from '../../networks/crowd/whole-pictures.ts'

const SPS = Buffer.from([24, 0, 2, 0x67, 1, 0, 2, 0x68, 1])
const packet = (sequence: number, payload: Buffer, timestamp = 1, marker = false): Packet => ({
  sequence,
  payload,
  timestamp,
  marker,
})
const part = Buffer.from([0x7c, 0x05, 1])

describe('whole pictures without a decoder', () => {
  let seen = 0
  let take: (packet: Packet) => void
  beforeEach(() => {
    seen = 0
    take = createWholePictures(() => seen++)
  })

  it('shows a key frame when its last packet has come, in whatever order, over the end of the numbers', () => {
    take(packet(0xffff, part))
    take(packet(0, part, 1, true))
    assert.equal(seen, 0)
    take(packet(0xfffe, SPS))
    assert.equal(seen, 1)
  })

  it('shows nothing while a packet is missing, nor a picture that leans on others', () => {
    take(packet(10, SPS))
    take(packet(12, part, 1, true))
    take(packet(13, Buffer.from([0x41, 1]), 2, true))
    assert.equal(seen, 0)
    take(packet(11, part))
    assert.equal(seen, 1)
  })

  it('counts each later picture by its end', () => {
    take(packet(1, SPS))
    take(packet(2, part, 1, true))
    take(packet(3, part, 2))
    take(packet(4, part, 2, true))
    assert.equal(seen, 2)
  })
})
