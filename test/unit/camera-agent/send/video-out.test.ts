import assert from 'node:assert/strict'
import { TRANSPORT_CC } from '@ownsight/camera-agent/rtc/send/transport-cc'
import { createVideoOut } from '@ownsight/camera-agent/rtc/send/video-out'
import { until } from '../../../support/wait.ts'
import { fakeTransport, type Written } from './fake-transport.ts'
import { rtcp, twccPacket } from './feedback.ts'

describe('pictures onto the wire', () => {
  let out: ReturnType<typeof createVideoOut> | undefined
  afterEach(() => out?.close())
  const open = (more: object = {}) => {
    const transport = fakeTransport()
    const sender = {
      ssrc: 7,
      rtxSsrc: 8,
      rtxPayloadType: 97,
      codec: { payloadType: 96 },
      headerExtensions: [{ id: 4, uri: TRANSPORT_CC }],
      ...more,
    }
    const toSend = sender as unknown as Parameters<typeof createVideoOut>[0]
    out = createVideoOut(toSend, transport, undefined, transport)
    transport.connect()
    return { transport, sender, out }
  }
  const picture = (out: ReturnType<typeof createVideoOut>, timestamp: number, packets = 3) =>
    out.picture({
      payloads: Array.from({ length: packets }, (_, i) => Buffer.alloc(500, i)),
      timestamp,
      key: timestamp === 0,
    })
  const wideOf = ({ header }: Written): number => header.extensions[0]?.payload.readUInt16BE(0) ?? 0
  const nack = (sequence: number): Buffer => {
    const body = Buffer.alloc(12)
    body.writeUInt32BE(7, 4)
    body.writeUInt16BE(sequence, 8)
    return rtcp(205, 1, body)
  }

  it('carry numbers of their own in order, each once in its stream, and one line of transport-wide ones', async () => {
    const { transport, out } = open()
    for (let i = 0; i < 5; i++) picture(out, i * 3000)
    await until(() => transport.rtp.length >= 15, { timeout: 10_000, what: 'the packets' })
    const base = wideOf(transport.rtp[0] as Written)
    transport.hear(twccPacket(base, [5, 6, undefined, 8, 9]))
    const lost = transport.rtp[2]?.header.sequenceNumber ?? 0
    transport.hear(nack(lost))
    const isRepeat = ({ header, payload }: Written): boolean =>
      header.ssrc === 8 && payload.length > 2 && payload.readUInt16BE(0) === lost
    await until(() => transport.rtp.some(isRepeat), { timeout: 10_000, what: 'the retransmission' })
    for (const ssrc of [7, 8]) {
      const numbers = transport.rtp.filter(({ header }) => header.ssrc === ssrc).map(({ header }) => header)
      for (const [i, header] of numbers.entries())
        assert.equal(header.sequenceNumber, (numbers[0]?.sequenceNumber ?? 0) + i)
    }
    for (const [i, packet] of transport.rtp.entries()) assert.equal(wideOf(packet), base + i)
    assert.ok((transport.rtp[0]?.header.sequenceNumber ?? 0) < 2 ** 15)
    const repeated = transport.rtp.find(isRepeat)
    assert.equal(repeated?.header.payloadType, 97)
    assert.deepEqual(repeated?.payload.subarray(2), transport.rtp[2]?.payload)
    assert.ok(out.stats().rttMs >= 0)
  })

  it('leave by one way only', () => {
    const { sender } = open()
    assert.throws(() => (sender as unknown as { sendRtp(): void }).sendRtp(), /one way only/)
  })

  it('are never repeated under their own number when the viewer takes no retransmission stream', async () => {
    const { transport, out } = open({ rtxPayloadType: undefined })
    picture(out, 0)
    await until(() => transport.rtp.length >= 3, { timeout: 10_000, what: 'the packets' })
    transport.hear(nack(transport.rtp[1]?.header.sequenceNumber ?? 0))
    picture(out, 3000)
    await until(() => transport.rtp.length >= 6, { timeout: 10_000, what: 'the next picture' })
    assert.ok(transport.rtp.every(({ header }) => header.ssrc === 7))
    const numbers = transport.rtp.map(({ header }) => header.sequenceNumber)
    assert.equal(new Set(numbers).size, numbers.length)
  })

  it('are not held back where no feedback can be elicited', async () => {
    const { transport, out } = open({ rtxPayloadType: undefined })
    picture(out, 0, 200)
    await until(() => transport.rtp.length === 200, { timeout: 10_000, what: 'all packets' })
  })

  it('do not leave on a transport that is gone', () => {
    const { transport, out } = open()
    transport.state = 'failed'
    picture(out, 0)
    assert.equal(transport.rtp.length, 0)
  })

  it('bring requests for key frames, by PLI and by FIR, as one', async () => {
    const { transport, out } = open()
    let asked = 0
    out.onKeyframeRequest(() => asked++)
    picture(out, 0)
    await until(() => out.stats().waitMs === 0, { timeout: 10_000, what: 'the picture to leave' })
    const pli = Buffer.alloc(8)
    pli.writeUInt32BE(7, 4)
    const fir = Buffer.alloc(16)
    fir.writeUInt32BE(7, 8)
    for (let i = 0; i < 10; i++) {
      transport.hear(rtcp(206, 1, pli))
      transport.hear(rtcp(206, 4, fir))
    }
    assert.equal(asked, 1)
    pli.writeUInt32BE(99, 4)
    transport.hear(rtcp(206, 1, pli))
    assert.equal(asked, 1)
  })

  it('are reported with the time they were made for', async () => {
    const { transport, out } = open()
    picture(out, 0)
    await until(() => transport.reports.length > 0, { timeout: 10_000, what: 'a sender report' })
    const [report] = transport.reports
    assert.equal(report?.readUInt8(1), 200)
    assert.equal(report?.readUInt32BE(4), 7)
    assert.ok(Math.abs((report?.readUInt32BE(8) ?? 0) - 2_208_988_800 - Date.now() / 1000) < 5)
    assert.ok((report?.readUInt32BE(16) ?? 0) >= 90_000 * 0.9)
    assert.equal(
      report?.length,
      (report?.readUInt16BE(2) ?? 0) * 4 + 4 + ((report?.readUInt16BE(30) ?? 0) + 1) * 4,
    )
  })

  it('do not leave, nor anything else, after the end', async () => {
    const { transport, out } = open()
    picture(out, 0)
    await until(() => transport.rtp.length >= 3, { timeout: 10_000, what: 'the packets' })
    picture(out, 3000, 200)
    out.close()
    const { length } = transport.rtp
    transport.hear(nack(transport.rtp[0]?.header.sequenceNumber ?? 0))
    picture(out, 6000)
    await new Promise(resolve => setTimeout(resolve, 300))
    assert.equal(transport.rtp.length, length)
  })

  it('leave werift no feedback to act upon', () => {
    const { transport } = open()
    assert.equal(transport.hear(nack(1))?.length, 0)
  })
})
