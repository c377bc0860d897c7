import assert from 'node:assert/strict'
import { cameraTag, MARK_BYTES, markEncoder, markLayout, verifyMark } from '@ownsight/camera-agent/media/mark'
import { createTestPattern } from '@ownsight/camera-agent/media/test-pattern'
import { AV_PIX_FMT_YUV420P } from 'node-av/constants'
import { Frame } from 'node-av/lib'
import { readMark } from '../../../support/mark-reader.ts'
import { toRgba } from '../../../support/media-decoder.ts'

const key = Buffer.alloc(32, 7)

async function draw(width: number, height: number, counter: number, shown = { width, height }) {
  const pattern = createTestPattern({ width, height, cameraName: 'Porch', camId: 'cam-a', markKey: key })
  const bytes = pattern(counter, new Date('2026-11-21T04:30:56Z'))
  using frame = Frame.fromVideoBuffer(bytes, { width, height, format: AV_PIX_FMT_YUV420P })
  return await toRgba(frame, shown.width, shown.height)
}

describe('mark', () => {
  it('is twenty bytes that fill its layout at every size', () => {
    assert.equal(markEncoder('cam-a', key)(1).length, MARK_BYTES)
    for (const width of [160, 320, 640, 1280, 1920]) {
      const { columns, rows } = markLayout(width)
      assert.equal(columns * rows, MARK_BYTES * 8)
    }
  })

  for (const [width, height] of [
    [160, 90],
    [320, 180],
    [640, 360],
    [1280, 720],
  ] as const)
    it(`is read from a ${width} × ${height} picture`, async () => {
      const { rgba } = await draw(width, height, 123_456)
      const mark = readMark(rgba, width, height)
      assert.ok(mark)
      assert.deepEqual([mark.version, mark.counter, mark.camera], [1, 123_456, cameraTag('cam-a')])
      assert.ok(verifyMark(mark, 'cam-a', key))
    })

  it('is read from a picture scaled to a third and to half as much again', async () => {
    for (const shown of [
      { width: 426, height: 240 },
      { width: 1920, height: 1080 },
    ]) {
      const { rgba } = await draw(1280, 720, 9, shown)
      assert.equal(readMark(rgba, shown.width, shown.height)?.counter, 9)
    }
  })

  it('does not pass for another camera, another key, another number', async () => {
    const { rgba } = await draw(320, 180, 5)
    const mark = readMark(rgba, 320, 180)
    assert.ok(mark)
    assert.ok(!verifyMark(mark, 'cam-b', key))
    assert.ok(!verifyMark(mark, 'cam-a', Buffer.alloc(32, 8)))
    assert.ok(!verifyMark({ ...mark, counter: 6 }, 'cam-a', key))
  })

  it('is not found where there is none, nor where one cell is turned', async () => {
    assert.equal(readMark(Buffer.alloc(320 * 180 * 4), 320, 180), undefined)
    const { rgba } = await draw(320, 180, 5)
    for (let y = 148; y < 156; y++)
      for (let x = 80; x < 88; x++)
        for (let c = 0; c < 3; c++) rgba[(y * 320 + x) * 4 + c] = 255 - (rgba[(y * 320 + x) * 4 + c] ?? 0)
    assert.equal(readMark(rgba, 320, 180), undefined)
  })

  it('is read by the same text in a page: nothing outside the function is used', () => {
    const text = new Function(`return (${readMark.toString()})`)() as typeof readMark
    assert.equal(text(Buffer.alloc(320 * 180 * 4), 320, 180), undefined)
  })
})
