import assert from 'node:assert/strict'
import { earlyRecords } from '@ownsight/camera-agent/rtc/guard/early-records'
import { splitRecords } from '@ownsight/camera-agent/rtc/guard/records'
import { recordBytes } from '../../../../support/dtls-wire.ts'

const record = (sequence: number, size: number) =>
  splitRecords(recordBytes(22, 1, sequence, Buffer.alloc(size)))

describe('early records', () => {
  it('gives back what was kept, in order and once', () => {
    const early = earlyRecords()
    const records = [...record(1, 48), ...record(0, 48)]
    for (const each of records) early.keep(each)
    assert.deepEqual(early.take(), records)
    assert.deepEqual(early.take(), [])
  })
  it('keeps four and no more', () => {
    const early = earlyRecords()
    for (let i = 0; i < 6; i++) for (const each of record(i, 48)) early.keep(each)
    assert.deepEqual(
      early.take().map(({ sequence }) => sequence),
      [0n, 1n, 2n, 3n],
    )
  })
  it('keeps none of more than 128 bytes, its header counted', () => {
    const early = earlyRecords()
    for (const each of [...record(1, 116), ...record(2, 115)]) early.keep(each)
    assert.deepEqual(
      early.take().map(({ sequence }) => sequence),
      [2n],
    )
  })
})
