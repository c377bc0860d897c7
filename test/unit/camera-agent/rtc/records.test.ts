import assert from 'node:assert/strict'
import { reassembly } from '@ownsight/camera-agent/rtc/guard/reassembly'
import { type Fragment, splitFragments, splitRecords } from '@ownsight/camera-agent/rtc/guard/records'
import { pack } from '@ownsight/camera-agent/rtc/guard/retransmission'
import fc from 'fast-check'

const bytes = fc.uint8Array({ maxLength: 400 }).map(array => Buffer.from(array))

describe('records and fragments', () => {
  it('any bytes split without an error, and never beyond their end', () => {
    fc.assert(
      fc.property(bytes, datagram => {
        const records = splitRecords(datagram)
        assert.ok(records.reduce((sum, { raw }) => sum + raw.length, 0) <= datagram.length)
        for (const { offset, data, length } of splitFragments(datagram))
          assert.ok(offset + data.length <= length && length <= 16 * 1024)
      }),
    )
  })

  it('fragments in any order, overlapping or twice, give the message once all is there', () => {
    const message = fc.uint8Array({ minLength: 1, maxLength: 200 }).map(array => Buffer.from(array))
    const cuts = fc.array(fc.tuple(fc.nat(199), fc.nat(60)), { maxLength: 30 })
    fc.assert(
      fc.property(message, cuts, (whole, places) => {
        const part = (offset: number, size: number): Fragment => ({
          type: 11,
          length: whole.length,
          seq: 1,
          offset,
          data: whole.subarray(offset, offset + size),
        })
        const collected = reassembly(part(0, 0))
        const have = new Set<number>()
        for (const [at, size] of [...places, [0, whole.length] as const]) {
          const fragment = part(Math.min(at, whole.length), size)
          for (let i = 0; i < fragment.data.length; i++) have.add(fragment.offset + i)
          const done = collected.add(fragment)
          assert.equal(done !== undefined, have.size === whole.length)
          if (done) assert.deepEqual(done, whole)
        }
      }),
    )
  })

  it('a fragment that disagrees on type or length is left out', () => {
    const first: Fragment = { type: 11, length: 4, seq: 1, offset: 0, data: Buffer.from('ab') }
    const collected = reassembly(first)
    collected.add(first)
    assert.equal(collected.add({ ...first, type: 16, offset: 2 }), undefined)
    assert.equal(collected.add({ ...first, length: 5, offset: 2 }), undefined)
    assert.deepEqual(collected.add({ ...first, offset: 2, data: Buffer.from('cd') }), Buffer.from('abcd'))
  })

  it('a flight is packed in order into datagrams of at most 1200 bytes', () => {
    const records = [500, 500, 300, 100, 1200, 10].map((size, i) => Buffer.alloc(size, i))
    const datagrams = pack(records)
    assert.deepEqual(Buffer.concat(datagrams), Buffer.concat(records))
    assert.deepEqual(
      datagrams.map(datagram => datagram.length),
      [1000, 400, 1200, 10],
    )
  })
})
