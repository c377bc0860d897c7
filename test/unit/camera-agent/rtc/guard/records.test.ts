import assert from 'node:assert/strict'
import { reassembly } from '@ownsight/camera-agent/rtc/guard/reassembly'
import { splitFragments, splitRecords } from '@ownsight/camera-agent/rtc/guard/records'
import { fragmentRecord, recordBytes } from '../../../../support/dtls-wire.ts'

const part = (offset: number, text: string, length: number) => ({
  type: 11,
  length,
  seq: 3,
  offset,
  data: Buffer.from(text),
})
const bodyOf = (...args: Parameters<typeof part>): Buffer => fragmentRecord(part(...args), 0).subarray(13)

describe('records: what is on the wire', () => {
  const first = recordBytes(22, 1, 0x0102_0304_0506, Buffer.from('abc'))
  const empty = recordBytes(20, 0, 7, Buffer.alloc(0))

  it('each record with its numbers, an empty one at the very end too', () => {
    const records = splitRecords(Buffer.concat([first, empty]))
    assert.deepEqual(
      records.map(({ type, epoch, sequence, body }) => [type, epoch, sequence, body.toString()]),
      [
        [22, 1, 0x0102_0304_0506n, 'abc'],
        [20, 0, 7n, ''],
      ],
    )
    assert.deepEqual(records[0]?.raw, first)
  })

  it('nothing of a record that is cut short, and what stands before it', () => {
    for (let size = first.length; size < first.length + empty.length; size++)
      assert.equal(splitRecords(Buffer.concat([first, empty]).subarray(0, size)).length, 1)
    for (let size = 0; size < first.length; size++)
      assert.deepEqual(splitRecords(first.subarray(0, size)), [])
  })

  it('nothing from a record of another version on', () => {
    const other = Buffer.from(first)
    other[1] = 3
    assert.deepEqual(splitRecords(other), [])
    assert.equal(splitRecords(Buffer.concat([first, other, first])).length, 1)
  })
})

describe('fragments: what is on the wire', () => {
  it('each with its numbers, an empty one at the very end too', () => {
    const fragments = splitFragments(Buffer.concat([bodyOf(2, 'cd', 4), bodyOf(0, '', 0)]))
    assert.deepEqual(fragments, [part(2, 'cd', 4), part(0, '', 0)])
  })

  it('nothing of one that is cut short', () => {
    const body = bodyOf(0, 'abcd', 4)
    for (let size = 0; size < body.length; size++)
      assert.deepEqual(splitFragments(body.subarray(0, size)), [])
  })

  it('none that reaches beyond its message, and none after it', () => {
    assert.deepEqual(splitFragments(bodyOf(3, 'cd', 4)), [])
    assert.equal(splitFragments(bodyOf(2, 'cd', 4)).length, 1)
    const after = Buffer.concat([bodyOf(0, 'ab', 4), bodyOf(3, 'cd', 4), bodyOf(2, 'cd', 4)])
    assert.equal(splitFragments(after).length, 1)
  })

  it('none of a message over 16 KiB', () => {
    assert.equal(splitFragments(bodyOf(0, 'ab', 16 * 1024)).length, 1)
    assert.deepEqual(splitFragments(bodyOf(0, 'ab', 16 * 1024 + 1)), [])
  })
})

describe('a message put together', () => {
  it('of nothing is whole at once', () => {
    const nothing = part(0, '', 0)
    assert.deepEqual(reassembly(nothing).add(nothing), Buffer.alloc(0))
  })

  it('keeps the first bytes it was given for a place', () => {
    const message = reassembly(part(0, 'ab', 4))
    assert.equal(message.type, 11)
    assert.equal(message.add(part(0, 'ab', 4)), undefined)
    assert.equal(message.add(part(0, 'xyz', 4)), undefined)
    assert.equal(message.add(part(3, 'd', 4))?.toString(), 'abzd')
  })
})
