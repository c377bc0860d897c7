import assert from 'node:assert/strict'
import type { SoundCodec } from '@ownsight/camera-agent/media/sound'
import { createSoundOut, soundTimestamp } from '@ownsight/camera-agent/rtc/send/sound-out'
import { createSoundSide } from '@ownsight/camera-agent/rtc/send/sound-side'
import { TRANSPORT_CC } from '@ownsight/camera-agent/rtc/send/transport-cc'
import { createVideoOut } from '@ownsight/camera-agent/rtc/send/video-out'
import { until } from '../../../support/wait.ts'
import { fakeTransport, type Written } from './fake-transport.ts'
import { rtcp, twccPacket } from './feedback.ts'

const EXTENSION = [{ id: 4, uri: TRANSPORT_CC }]
const STEP = 1800

describe('sound onto the wire', () => {
  const closers: (() => void)[] = []
  afterEach(() => {
    for (const close of closers.splice(0)) close()
  })
  const open = (headerExtensions: object[] = EXTENSION) => {
    const transport = fakeTransport()
    const sender = {
      ssrc: 7,
      rtxSsrc: 8,
      rtxPayloadType: 97,
      codec: { payloadType: 96 },
      cname: 'home',
      headerExtensions: EXTENSION,
    }
    const soundSender = { ssrc: 9, headerExtensions }
    const codecs = [
      { mimeType: 'audio/opus', payloadType: 111 },
      { mimeType: 'audio/PCMU', payloadType: 0 },
      { mimeType: 'audio/G722', payloadType: 9 },
    ]
    const sound = createSoundOut(soundSender as never, codecs)
    const out = createVideoOut(sender as never, transport, sound, transport)
    const side = createSoundSide(sound, out, () => true)
    closers.push(out.close)
    transport.connect()
    const play = (at: number, codec: SoundCodec = 'opus') =>
      side.send({ codec, at, payload: Buffer.alloc(80, 3) })
    const picture = (at = 0, packets = 1) =>
      out.picture({
        payloads: Array.from({ length: packets }, () => Buffer.alloc(500)),
        timestamp: at,
        key: true,
      })
    const heard = (): Written[] => transport.rtp.filter(({ header }) => header.ssrc === 9)
    return { transport, soundSender, sound, side, out, play, picture, heard }
  }

  it('does not leave before it is allowed, nor after', () => {
    const { side, play, picture, heard, transport } = open()
    let may = true
    picture()
    play(0)
    assert.equal(heard().length, 0)
    side.allow(() => may)
    play(STEP)
    assert.equal(heard().length, 1)
    may = false
    play(2 * STEP)
    assert.equal(heard().length, 1)
    assert.equal(side.sent(), 1)
    assert.ok(transport.rtp.length > 1)
  })

  it('has a stream of its own, its numbers without a gap, its times at its own clock', () => {
    const { side, play, picture, heard } = open()
    side.allow(() => true)
    picture()
    for (let i = 1; i <= 4; i++) play(i * STEP)
    const headers = heard().map(({ header }) => header)
    assert.deepEqual(
      headers.map(({ timestamp }) => timestamp),
      [960, 1920, 2880, 3840],
    )
    const [first] = headers
    for (const [i, header] of headers.entries()) {
      assert.equal(header.sequenceNumber, (first?.sequenceNumber ?? 0) + i)
      assert.equal(header.payloadType, 111)
      assert.equal(header.marker, i === 0)
    }
  })

  it('goes ahead of pictures that wait', () => {
    const { side, play, picture, transport } = open()
    side.allow(() => true)
    picture(0, 100)
    const before = transport.rtp.length
    assert.ok(before < 100)
    play(STEP)
    assert.equal(transport.rtp[before]?.header.ssrc, 9)
  })

  it('waits for the first picture, and never goes back in time', () => {
    const { side, play, picture, heard } = open()
    side.allow(() => true)
    play(STEP)
    assert.equal(heard().length, 0)
    picture()
    for (const at of [3 * STEP, 2 * STEP, 3 * STEP, 4 * STEP]) play(at)
    assert.deepEqual(
      heard().map(({ header }) => header.timestamp),
      [2880, 3840],
    )
  })

  it('goes out only in a form the viewer has agreed to', () => {
    const { side, play, picture, heard } = open()
    assert.deepEqual([...side.codecs].sort(), ['opus', 'pcmu'])
    side.allow(() => true)
    picture()
    play(STEP, 'pcma')
    play(2 * STEP, 'pcmu')
    assert.deepEqual(
      heard().map(({ header }) => [header.payloadType, header.timestamp]),
      [[0, 320]],
    )
  })

  it('is in the one line of transport-wide numbers, where its section has them', () => {
    const { side, play, picture, transport } = open()
    side.allow(() => true)
    picture()
    for (let i = 1; i < 4; i++) play(i * STEP)
    const wide = transport.rtp.map(({ header }) => header.extensions[0]?.payload.readUInt16BE(0) ?? 0)
    for (const [i, number] of wide.entries()) assert.equal(number, (wide[0] ?? 0) + i)
    assert.ok(transport.rtp.some(({ header }) => header.ssrc === 9))
  })

  it('has none where its section does not, and takes none from the pictures', async () => {
    const { side, play, picture, heard, transport } = open([])
    side.allow(() => true)
    picture()
    play(STEP)
    picture(3000)
    assert.deepEqual(heard()[0]?.header.extensions, [])
    const pictures = () => transport.rtp.filter(({ header }) => header.ssrc === 7)
    await until(() => pictures().length >= 2, { timeout: 10_000, what: 'the second picture' })
    const wide = pictures().map(({ header }) => header.extensions[0]?.payload.readUInt16BE(0) ?? 0)
    assert.equal((wide[1] ?? 0) - (wide[0] ?? 0), 1)
  })

  it('leaves by one way only', () => {
    const { soundSender } = open()
    assert.throws(() => (soundSender as unknown as { sendRtp(): void }).sendRtp(), /one way only/)
  })

  it('is reported with the pictures: one clock, one name, and times that belong together', async () => {
    const { side, play, picture, transport } = open()
    side.allow(() => true)
    picture(900_000)
    play(900_000)
    await until(() => transport.reports.length >= 2, { timeout: 10_000, what: 'two sender reports' })
    const [pictures, sound] = [7, 9].map(ssrc =>
      transport.reports.find(each => each.readUInt32BE(4) === ssrc),
    )
    assert.ok(pictures && sound)
    assert.deepEqual(pictures.subarray(8, 16), sound.subarray(8, 16))
    const apart = pictures.readUInt32BE(16) / 90 - sound.readUInt32BE(16) / 48
    assert.ok(Math.abs(apart) < 0.1, String(apart))
    assert.deepEqual(pictures.subarray(38), sound.subarray(38))
    assert.deepEqual([sound.readUInt32BE(20), sound.readUInt32BE(24)], [1, 80])
  })

  it('is not reported while none is sent', async () => {
    const { picture, transport } = open()
    picture()
    await until(() => transport.reports.length > 0, { timeout: 10_000, what: 'a sender report' })
    assert.ok(transport.reports.every(report => report.readUInt32BE(4) === 7))
  })

  it('is told how much of it was lost', () => {
    const { side, picture, transport } = open()
    const told: number[] = []
    side.onLoss(part => told.push(part))
    picture()
    const report = (ssrc: number, lost: number) => {
      const body = Buffer.alloc(28)
      body.writeUInt32BE(ssrc, 4)
      body.writeUInt8(lost, 8)
      transport.hear(rtcp(201, 1, body))
    }
    report(7, 255)
    for (let i = 0; i < 30; i++) report(9, 64)
    assert.equal(told.length, 30)
    assert.ok(Math.abs((told.at(-1) ?? 0) - 0.25) < 0.01, String(told.at(-1)))
  })

  it('gives way where the link carries hardly a picture', async () => {
    const { side, play, picture, heard, transport, out } = open()
    side.allow(() => true)
    let at = 0
    const wide = (written: Written) => written.header.extensions[0]?.payload.readUInt16BE(0) ?? 0
    // Everything comes ever later: the estimate falls to its least.
    let told = 0
    await until(
      () => {
        at += 3000
        picture(at, 2)
        const fresh = transport.rtp.slice(told)
        if (fresh[0])
          transport.hear(
            twccPacket(
              wide(fresh[0]),
              fresh.map((_, i) => (told + i) * 120),
            ),
          )
        told = transport.rtp.length
        return out.stats().estimate < 80_000
      },
      { timeout: 20_000, what: 'a low estimate' },
    )
    const before = heard().length
    play(at)
    assert.equal(heard().length, before)
  })

  it('keeps its times exact', () => {
    for (const codec of ['opus', 'pcmu'] as const) {
      const step = codec === 'opus' ? 960 : 160
      for (const at of [7, 1_000_003, 2 ** 40 + 11])
        assert.equal((soundTimestamp(codec, at + STEP) - soundTimestamp(codec, at)) | 0, step)
    }
  })
})
