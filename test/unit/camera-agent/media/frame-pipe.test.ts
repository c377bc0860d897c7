import assert from 'node:assert/strict'
import {
  encodeFrame,
  encodeSound,
  encodeStatus,
  MAX_FRAME_BYTES,
  MAX_SOUND_BYTES,
  type PipeRecord,
  pipeParser,
} from '@ownsight/camera-agent/media/frame-pipe'

const body = Buffer.from('picture')
const stream = Buffer.concat([
  encodeStatus('opened'),
  encodeFrame({ codec: 'h264', tier: 'source' }, true, 90_000, body),
  encodeFrame({ codec: 'vp8', tier: 'still' }, false, 2 ** 40, body),
  encodeFrame({ codec: 'vp9', tier: 'low' }, true, 1, body),
  encodeSound('opus', 1800, body),
  encodeSound('pcma', 3600, body),
])

describe('frame pipe', () => {
  for (const step of [1, 7, 1000])
    it(`reads its records from chunks of ${step} bytes`, () => {
      const records: PipeRecord[] = []
      const parse = pipeParser(record => records.push(record))
      for (let at = 0; at < stream.length; at += step) parse(stream.subarray(at, at + step))
      assert.deepEqual(records, [
        { kind: 'status', text: 'opened' },
        { kind: 'frame', codec: 'h264', tier: 'source', key: true, ticks: 90_000, data: body },
        { kind: 'frame', codec: 'vp8', tier: 'still', key: false, ticks: 2 ** 40, data: body },
        { kind: 'frame', codec: 'vp9', tier: 'low', key: true, ticks: 1, data: body },
        { kind: 'sound', codec: 'opus', ticks: 1800, data: body },
        { kind: 'sound', codec: 'pcma', ticks: 3600, data: body },
      ])
    })

  it('refuses an unknown kind and a body beyond its limit before it is there', () => {
    const parse = () => pipeParser(() => assert.fail('no record'))
    for (const kind of [4, 8, 12, 48, 49, 51, 127, 131, 255])
      assert.throws(
        () => parse()(Buffer.from([kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
        RangeError,
        String(kind),
      )
    const huge = encodeFrame({ codec: 'h264', tier: 'mid' }, true, 0, Buffer.alloc(0))
    huge.writeUInt32BE(MAX_FRAME_BYTES + 1, 7)
    assert.throws(() => parse()(huge), RangeError)
    const loud = encodeSound('pcmu', 0, Buffer.alloc(0))
    loud.writeUInt32BE(MAX_SOUND_BYTES + 1, 7)
    assert.throws(() => parse()(loud), RangeError)
    const wordy = encodeStatus('')
    wordy.writeUInt32BE(257, 7)
    assert.throws(() => parse()(wordy), RangeError)
  })
})
