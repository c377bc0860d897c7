import assert from 'node:assert/strict'
import { accessUnits } from '@ownsight/camera-agent/media/access-unit'
import {
  encodeFrame,
  encodeSound,
  encodeStatus,
  MAX_FRAME_BYTES,
  pipeParser,
} from '@ownsight/camera-agent/media/frame-pipe'
import { joinAnnexB, splitAnnexB } from '@ownsight/camera-agent/media/h264'
import { MAX_PAYLOAD, packetizeH264 } from '@ownsight/camera-agent/media/h264-payload'
import { obstacleOf } from '@ownsight/camera-agent/media/h264-playable'
import { opusTicks } from '@ownsight/camera-agent/media/opus-packet'
import { packetizeVp8 } from '@ownsight/camera-agent/media/vp8-payload'
import { packetizeVp9 } from '@ownsight/camera-agent/media/vp9-payload'
import { parseRtcp, withoutFeedback } from '@ownsight/camera-agent/rtc/send/rtcp'
import fc from 'fast-check'
import { chance, mutatePacket } from '../bench/input/chance.ts'

/** FUZZ_RUNS sets the number of runs, FUZZ_SEED repeats one; fast-check prints the seed of a failure. */
const runs = Number(process.env.FUZZ_RUNS ?? (process.env.OWNSIGHT_LONG ? 50_000 : 2000))
const seed = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) }
const settings = { numRuns: runs, ...seed }

/** SPS and PPS of a 320 × 180 baseline stream, an IDR slice and a B slice: true in their first bytes. */
const units = ['6742c01fd9014096ec0440000003004000000c83c60c9280', '68cb83cb20', '6588840a', '019e427c'].map(
  hex => Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(40, 0x5a)]),
)
const annexB = joinAnnexB(units)
const prefixed = Buffer.concat(
  units.flatMap(unit => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(unit.length)
    return [length, unit]
  }),
)
const [sps = Buffer.alloc(0), pps = Buffer.alloc(0)] = units
const avcC = Buffer.concat([
  Buffer.from([1, 0x42, 0xc0, 0x1f, 0xff, 0xe1, 0, sps.length]),
  sps,
  Buffer.from([1, 0, pps.length]),
  pps,
])

const noise = fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.from(bytes))
const changed = (...real: Buffer[]) =>
  fc.oneof(
    noise,
    fc.nat().map(by => mutatePacket(real, chance(by))),
  )

describe('fuzz: media and feedback', function () {
  this.timeout(Math.max(30_000, runs * 20))

  it('any stream header and any packets of a source are access units of bounded size', () => {
    const packets = fc.array(changed(annexB, prefixed), { maxLength: 4 })
    const header = fc.option(changed(avcC, annexB))
    fc.assert(
      fc.property(header, packets, (extradata, all) => {
        const read = accessUnits(extradata)
        for (const packet of all) {
          const unit = read(packet)
          assert.ok(unit.data.length <= 4 * packet.length + 64 * 70_000)
          assert.equal(typeof unit.key, 'boolean')
        }
        read.restart(extradata)
      }),
      settings,
    )
  })

  it('any sequence parameter set is played or said to be an obstacle, in bounded time', () => {
    fc.assert(
      fc.property(changed(sps), set => {
        assert.ok([undefined, 'profile', 'interlaced'].includes(obstacleOf(set)))
      }),
      settings,
    )
  })

  it('any frame becomes packets that fit, and none of H.264 loses a byte of a picture', () => {
    const large = fc.nat(40_000).map(size => Buffer.concat([annexB, Buffer.alloc(size, 0x77)]))
    fc.assert(
      fc.property(fc.oneof(changed(annexB), large), frame => {
        for (const packetize of [packetizeH264, packetizeVp8, packetizeVp9])
          for (const payload of packetize(frame))
            assert.ok(payload.length <= MAX_PAYLOAD && payload.length > 0)
        const whole = splitAnnexB(frame).filter(unit => [1, 5].includes((unit[0] ?? 0) & 31))
        const sent = packetizeH264(frame).reduce((sum, payload) => sum + payload.length, 0)
        assert.ok(sent >= whole.reduce((sum, unit) => sum + unit.length, 0))
      }),
      settings,
    )
  })

  it('any packet of sound lasts up to 120 ms, or is none', () => {
    fc.assert(
      fc.property(noise, packet => {
        const ticks = opusTicks(packet)
        assert.ok(ticks === undefined || (ticks > 0 && ticks <= 120 * 90))
      }),
      settings,
    )
  })

  it('anything that a source process says is a record or ends it, whatever the pieces', () => {
    const real = [
      encodeStatus('opened'),
      encodeFrame({ codec: 'h264', tier: 'source' }, true, 90_000, annexB),
      encodeSound('opus', 1800, Buffer.alloc(60)),
    ]
    fc.assert(
      fc.property(fc.array(changed(...real), { maxLength: 6 }), chunks => {
        const parse = pipeParser(record => {
          if (record.kind === 'status') assert.ok(record.text.length <= 256)
          else assert.ok(record.data.length <= MAX_FRAME_BYTES && record.ticks >= 0)
        })
        try {
          for (const chunk of chunks) parse(chunk)
        } catch (error) {
          assert.ok(error instanceof RangeError, String(error))
        }
      }),
      settings,
    )
  })

  it('any feedback of a viewer is read within its own bounds', () => {
    const real = [
      '81c90007000000010000000200000000000000000000000000000000',
      '81cd00030000000100000002000a0000',
      '8fcd0005000000010000000200010003000001002003040404000000',
    ].map(hex => Buffer.from(hex, 'hex'))
    fc.assert(
      fc.property(changed(...real), packet => {
        const { twcc, nacks } = parseRtcp(packet)
        assert.ok(nacks.flatMap(each => each.sequences).length <= packet.length * 17)
        assert.ok(twcc.flatMap(each => each.arrivals).length <= packet.length * 8192)
        assert.ok(withoutFeedback(packet).length <= packet.length)
      }),
      settings,
    )
  })
})
