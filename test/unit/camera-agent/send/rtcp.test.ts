import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { parseRtcp, withoutFeedback } from '@ownsight/camera-agent/rtc/send/rtcp'
import { werift } from '@ownsight/camera-agent/rtc/werift'
import { rtcp, twccPacket } from './feedback.ts'

const words = (...values: number[]): Buffer => {
  const out = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) out.writeUInt32BE(value >>> 0, i * 4)
  return out
}

describe('RTCP of a viewer', () => {
  it('tells when each packet came', () => {
    const [feedback] = parseRtcp(twccPacket(65_530, [100, undefined, 101.25, 180, undefined, 179])).twcc
    assert.deepEqual(feedback, {
      base: 65_530,
      reference: 1,
      arrivals: [36, undefined, 37.25, 116, undefined, 115],
    })
  })

  it('reads all three forms of a chunk', () => {
    const body = Buffer.from(
      '00010018000001000005' + '8005' + 'd000' + '2001' + '0104' + '08' + '10' + '20',
      'hex',
    )
    // 5 lost, a vector of 14 bits, a vector of 7 symbols of which the first is 1: 24 need 26, the rest is cut
    body.writeUInt16BE(20, 2)
    const packet = rtcp(205, 15, Buffer.concat([Buffer.alloc(8), body]))
    const { arrivals } = parseRtcp(packet).twcc[0] ?? { arrivals: [] }
    assert.equal(arrivals.length, 20)
    assert.deepEqual(
      arrivals.flatMap((arrival, i) => (arrival === undefined ? [] : [i])),
      [16, 18, 19],
    )
  })

  it('reads what werift writes', () => {
    const { RtcpTransportLayerFeedback, TransportWideCC, RunLengthChunk, RecvDelta } = werift
    const feedback = new TransportWideCC({
      senderSsrc: 1,
      mediaSourceSsrc: 2,
      baseSequenceNumber: 77,
      packetStatusCount: 3,
      referenceTime: 12,
      fbPktCount: 0,
      packetChunks: [new RunLengthChunk({ packetStatus: 1, runLength: 3 })],
      recvDeltas: [1000, 2000, 3000].map(delta => new RecvDelta({ type: 1, delta })),
    })
    feedback.header.padding = true
    const bytes = new RtcpTransportLayerFeedback({ feedback }).serialize()
    assert.deepEqual(parseRtcp(bytes).twcc, [{ base: 77, reference: 12, arrivals: [1, 3, 6] }])
  })

  it('keeps a NACK within its own bounds in a compound packet', () => {
    const nack = rtcp(205, 1, Buffer.concat([words(1, 9), Buffer.from('fffe0003', 'hex')]))
    const pli = rtcp(206, 1, words(1, 9))
    const fir = rtcp(206, 4, words(1, 0, 11, 0x01000000, 12, 0x02000000))
    const report = rtcp(201, 1, words(1, 9, 0x40000000, 0, 0, 7, 65536))
    const events = parseRtcp(Buffer.concat([report, nack, pli, fir]))
    assert.deepEqual(events.nacks, [{ ssrc: 9, sequences: [0xfffe, 0xffff, 0] }])
    assert.deepEqual(events.keyframes, [9, 11, 12])
    assert.deepEqual(events.reports, [{ ssrc: 9, fractionLost: 0.25, lastSr: 7, delaySinceSr: 65536 }])
  })

  it('leaves werift the reports and nothing that it would act upon', () => {
    const report = rtcp(201, 0, words(1))
    const rest = withoutFeedback(Buffer.concat([report, rtcp(206, 1, words(1, 9)), twccPacket(1, [1])]))
    assert.deepEqual(rest, report)
  })

  it('takes any bytes without throwing, and no feedback whose parts are missing', () => {
    const whole = twccPacket(1, [1, 900, 2, undefined, 5, ...Array.from({ length: 40 }, (_, i) => 6 + i)])
    for (let length = 0; length < whole.length; length++)
      assert.deepEqual(parseRtcp(whole.subarray(0, length)).twcc, [], String(length))
    for (let length = 4; length < whole.length - 4; length += 4) {
      const cut = Buffer.from(whole.subarray(0, length))
      cut.writeUInt16BE(length / 4 - 1, 2)
      cut.writeUInt8(0x8f, 0)
      assert.deepEqual(parseRtcp(cut).twcc, [], String(length))
    }
    const nack = rtcp(205, 1, Buffer.concat([words(1, 9), Buffer.from('fffe0003fff00000', 'hex')]))
    assert.deepEqual(parseRtcp(nack.subarray(0, 16)).nacks, [])
    for (let i = 0; i < 5000; i++) {
      const noise = randomBytes(4 + (i % 90))
      noise.writeUInt8((noise.readUInt8(0) & 0x3f) | 0x80, 0)
      noise.writeUInt8(200 + (i % 7), 1)
      noise.writeUInt16BE(Math.floor(noise.length / 4) - 1, 2)
      assert.doesNotThrow(() => parseRtcp(noise))
    }
  })
})
