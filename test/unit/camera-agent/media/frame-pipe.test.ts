import assert from 'node:assert/strict'
import {
  encodeFrame,
  encodeStatus,
  MAX_FRAME_BYTES,
  type PipeRecord,
  pipeParser,
} from '@ownsight/camera-agent/media/frame-pipe'

const body = Buffer.from('picture')
const stream = Buffer.concat([
  encodeStatus('opened'),
  encodeFrame('h264', true, 90_000, body),
  encodeFrame('vp8', false, 2 ** 40, body),
])

describe('frame pipe', () => {
  for (const step of [1, 7, 1000])
    it(`reads its records from chunks of ${step} bytes`, () => {
      const records: PipeRecord[] = []
      const parse = pipeParser(record => records.push(record))
      for (let at = 0; at < stream.length; at += step) parse(stream.subarray(at, at + step))
      assert.deepEqual(records, [
        { kind: 'status', text: 'opened' },
        { kind: 'frame', codec: 'h264', key: true, ticks: 90_000, data: body },
        { kind: 'frame', codec: 'vp8', key: false, ticks: 2 ** 40, data: body },
      ])
    })

  it('refuses an unknown kind and a body beyond its limit before it is there', () => {
    const parse = () => pipeParser(() => assert.fail('no record'))
    assert.throws(() => parse()(Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])), RangeError)
    const huge = encodeFrame('h264', true, 0, Buffer.alloc(0))
    huge.writeUInt32BE(MAX_FRAME_BYTES + 1, 7)
    assert.throws(() => parse()(huge), RangeError)
    const wordy = encodeStatus('')
    wordy.writeUInt32BE(257, 7)
    assert.throws(() => parse()(wordy), RangeError)
  })
})
