import assert from 'node:assert/strict'
import { joinAnnexB } from '@ownsight/camera-agent/media/h264'
import { MAX_PAYLOAD, packetizeH264 } from '@ownsight/camera-agent/media/h264-payload'
import { depacketizeH264 } from '../../../support/media-decoder.ts'

const unit = (type: number, size: number) =>
  Buffer.concat([Buffer.from([0x60 | type]), Buffer.alloc(size - 1, 0xab)])

describe('h264 payload (RFC 6184)', () => {
  it('puts SPS and PPS together into one STAP-A and keeps the slice by itself (§5.7.1)', () => {
    const payloads = packetizeH264(joinAnnexB([unit(7, 20), unit(8, 6), unit(5, 900)]))
    assert.deepEqual(
      payloads.map(payload => (payload[0] ?? 0) & 31),
      [24, 5],
    )
    assert.equal(payloads[0]?.readUInt16BE(1), 20)
  })

  it('sends a slice of exactly 1200 bytes whole and fragments one byte more (§5.6, §5.8)', () => {
    assert.equal(packetizeH264(joinAnnexB([unit(1, MAX_PAYLOAD)])).length, 1)
    const [first, last, ...rest] = packetizeH264(joinAnnexB([unit(1, MAX_PAYLOAD + 1)]))
    assert.deepEqual([first?.[0], first?.[1], last?.[0], last?.[1]], [0x60 | 28, 0x81, 0x60 | 28, 0x41])
    assert.equal(rest.length, 0)
  })

  it('never exceeds the limit and comes back byte for byte', () => {
    for (const size of [2, 1199, 1200, 1201, 2397, 2398, 50_000]) {
      const unitStream = joinAnnexB([unit(7, 30), unit(8, 5), unit(5, size)])
      const payloads = packetizeH264(unitStream)
      assert.ok(payloads.every(payload => payload.length <= MAX_PAYLOAD))
      assert.deepEqual(depacketizeH264(payloads), unitStream)
    }
  })

  it('sets only the middle fragments without start and end bit', () => {
    const edges = packetizeH264(joinAnnexB([unit(5, 5000)])).map(payload => (payload[1] ?? 0) & 0xc0)
    assert.deepEqual(edges, [0x80, 0, 0, 0, 0x40])
  })

  it('leaves out access unit delimiters and makes nothing of an empty unit', () => {
    assert.deepEqual(packetizeH264(joinAnnexB([unit(9, 2)])), [])
    assert.deepEqual(packetizeH264(Buffer.alloc(0)), [])
  })
})
