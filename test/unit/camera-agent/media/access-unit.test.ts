import assert from 'node:assert/strict'
import { accessUnits } from '@ownsight/camera-agent/media/access-unit'
import {
  joinAnnexB,
  nalType,
  parseStreamHeader,
  splitAnnexB,
  splitLengthPrefixed,
} from '@ownsight/camera-agent/media/h264'
import { isPlayable } from '@ownsight/camera-agent/media/h264-playable'

/** 320 × 180 from x264: constrained baseline, and high with B-frames. */
const SPS = Buffer.from('6742c00dda0507ec0440000003004000000a23c50aa8', 'hex')
const SPS_HIGH = Buffer.from('6764000dacd9414193f2e022000003000200000300291e28532c', 'hex')
const SPS_HIGH_10 = Buffer.from('676e000da6cd9414193f2e022000003000200000300291e28532c0', 'hex')
const PPS = Buffer.from('68ce3c80', 'hex')
const IDR = Buffer.from('6588840a', 'hex')
const P_SLICE = Buffer.from('419a2102', 'hex')
/** first_mb 0 (`1`), slice_type 6 (`00111`): B. */
const B_SLICE = Buffer.from([0x01, 0b10011110, 0x80])

const lengthPrefixed = (units: Buffer[]) =>
  Buffer.concat(units.flatMap(unit => [Buffer.from([0, 0, 0, unit.length]), unit]))
const avcC = Buffer.concat([
  Buffer.from([1, 0x42, 0xc0, 13, 0xff, 0xe1, 0, SPS.length]),
  SPS,
  Buffer.from([1, 0, PPS.length]),
  PPS,
])

describe('access units', () => {
  it('puts the parameter sets of an MP4 header before every IDR picture', () => {
    const unit = accessUnits(avcC)(lengthPrefixed([IDR]))
    assert.deepEqual(splitAnnexB(unit.data).map(nalType), [7, 8, 5])
    assert.deepEqual([unit.key, unit.playable], [true, true])
  })

  it('keeps those that are in the stream, once', () => {
    const read = accessUnits(null)
    assert.deepEqual(splitAnnexB(read(joinAnnexB([SPS, PPS, IDR])).data).map(nalType), [7, 8, 5])
    assert.deepEqual(splitAnnexB(read(joinAnnexB([IDR])).data).map(nalType), [7, 8, 5])
    assert.deepEqual(splitAnnexB(read(joinAnnexB([P_SLICE])).data).map(nalType), [1])
  })

  it('replaces a parameter set by the next one of its number, whatever the size', () => {
    const read = accessUnits(null)
    const sets = (unit: { data: Buffer }) => splitAnnexB(unit.data).filter(each => nalType(each) !== 5)
    read(joinAnnexB([SPS, PPS, IDR]))
    assert.deepEqual(sets(read(joinAnnexB([SPS_HIGH, PPS, IDR]))), [SPS_HIGH, PPS])
    assert.deepEqual(sets(read(joinAnnexB([IDR]))), [SPS_HIGH, PPS])
    assert.deepEqual(sets(read(joinAnnexB([SPS, IDR]))), [SPS, PPS], 'completed by what is known')
    assert.deepEqual(sets(read(joinAnnexB([IDR]))), [SPS, PPS])
    read.restart(Buffer.concat([Buffer.from([0, 0, 0, 1]), SPS_HIGH]))
    assert.deepEqual(sets(read(joinAnnexB([IDR]))), [SPS_HIGH, PPS])
  })

  it('yields nothing for a packet without a picture, and keeps its sets', () => {
    const read = accessUnits(null)
    assert.equal(read(joinAnnexB([SPS, PPS])).data.length, 0)
    assert.deepEqual(splitAnnexB(read(joinAnnexB([IDR])).data).map(nalType), [7, 8, 5])
  })

  it('says that a picture comes before anything that describes it', () => {
    const read = accessUnits(null)
    assert.equal(read(joinAnnexB([IDR])).described, false)
    assert.equal(read(joinAnnexB([SPS, IDR])).described, false)
    assert.equal(read(joinAnnexB([PPS, IDR])).described, true)
  })

  it('names what keeps browsers from playing it', () => {
    const read = accessUnits(null)
    assert.equal(read(joinAnnexB([SPS, PPS, IDR])).obstacle, undefined)
    assert.equal(read(joinAnnexB([B_SLICE])).obstacle, 'b_frames')
    assert.equal(accessUnits(null)(joinAnnexB([SPS_HIGH_10])).obstacle, 'profile')
  })

  it('drops delimiters and supplemental information', () => {
    const read = accessUnits(avcC)
    const unit = read(lengthPrefixed([Buffer.from([9, 0xf0]), Buffer.from([6, 5, 1, 0x80]), P_SLICE]))
    assert.deepEqual(splitAnnexB(unit.data), [P_SLICE])
  })

  it('is not playable once a B slice or a profile of another kind has come', () => {
    const read = accessUnits(null)
    assert.equal(read(joinAnnexB([SPS, PPS, IDR])).playable, true)
    assert.equal(read(joinAnnexB([B_SLICE])).playable, false)
    assert.equal(read(joinAnnexB([P_SLICE])).playable, false)
    assert.deepEqual([SPS, SPS_HIGH, SPS_HIGH_10, Buffer.from([0x67])].map(isPlayable), [
      true,
      true,
      false,
      false,
    ])
  })

  it('survives lengths and headers that lie', () => {
    assert.deepEqual(splitLengthPrefixed(Buffer.from([0, 0, 1, 0, 5]), 4), [])
    assert.deepEqual(splitAnnexB(Buffer.from([0, 0, 1])), [])
    assert.deepEqual(parseStreamHeader(Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])).parameterSets, [])
    assert.deepEqual(accessUnits(avcC)(Buffer.from([255, 255, 255, 255])).data.length, 0)
  })
})
