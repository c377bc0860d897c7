import assert from 'node:assert/strict'
import { checkSource } from '@ownsight/camera-agent/media/check'
import type { MediaFrame } from '@ownsight/camera-agent/media/share'
import type { SourceConfig } from '@ownsight/camera-agent/media/source-config'
import { openDecoder, type Picture } from '../support/media-decoder.ts'
import { type OddVideo, oddVideo } from '../support/odd-video.ts'
import { startRtspServer } from '../support/rtsp-server.ts'
import { openShare, until, view } from '../support/share-watcher.ts'

const steps = (frames: readonly MediaFrame[]) =>
  frames.slice(1).map((frame, i) => (frame.timestamp - (frames[i]?.timestamp ?? 0)) | 0)

async function decodeAll(frames: readonly MediaFrame[]): Promise<Picture[]> {
  const decoder = await openDecoder('h264')
  const pictures: Picture[] = []
  for (const { payloads } of frames) {
    const picture = await decoder.decode(payloads)
    assert.ok(picture, `frame ${pictures.length} decodes`)
    pictures.push(picture)
  }
  decoder.close()
  return pictures
}

/** How much two neighbouring lines differ beside two of one field: near 1 for whole pictures, far more for combs. */
function combing({ width, height, rgba }: Picture): number {
  let beside = 1
  let same = 1
  for (let y = 1; y < height - 2; y += 2)
    for (let x = 0; x < width; x++) {
      const at = (line: number) => rgba[(line * width + x) * 4] ?? 0
      beside += Math.abs(at(y) - at(y + 1))
      same += Math.abs(at(y) - at(y + 2))
    }
  return beside / same
}

describe('odd media sources', function () {
  this.timeout(60_000)
  const closers: (() => Promise<unknown>)[] = []
  const open = (config: SourceConfig) => {
    const opened = openShare(config)
    closers.push(opened.share.close)
    return opened
  }
  const watch = async (name: OddVideo, count: number) => {
    const { share } = open({ kind: 'file', path: await oddVideo(name) })
    const viewer = view(share)
    await viewer.first(count)
    return { share, frames: viewer.frames.slice(0, count) }
  }
  afterEach(() => Promise.all(closers.splice(0).map(close => close())))

  for (const [name, obstacle] of [
    ['hevc', 'codec'],
    ['hevc10', 'codec'],
    ['bFramesTs', 'b_frames'],
    ['interlaced', 'interlaced'],
  ] as const)
    it(`${name} is converted, and the status says why: ${obstacle}`, async () => {
      const { share, frames } = await watch(name, 50)
      const { state, transcoding, obstacle: told, note } = share.status()
      assert.deepEqual([state, transcoding, told], ['live', true, obstacle])
      assert.match(note ?? '', /^The camera source is converted because .*\.$/)
      assert.equal(frames[0]?.key, true)
      assert.ok(
        steps(frames).every(step => step > 0 && step < 90_000),
        String(steps(frames)),
      )
      assert.ok((await decodeAll(frames)).every(({ width }) => width === 320))
    })

  it('interlaced pictures are shown whole, without combs', async () => {
    const { frames } = await watch('interlaced', 30)
    const combs = (await decodeAll(frames)).map(combing)
    assert.ok(
      combs.every(each => each < 1.5),
      combs.map(each => each.toFixed(2)).join(),
    )
  })

  it('a change of size is passed through with its new parameter sets, and no picture is lost or torn', async () => {
    const { share, frames } = await watch('resized', 85)
    assert.equal(share.status().transcoding, undefined)
    const widths = (await decodeAll(frames)).map(({ width }) => width)
    assert.deepEqual(
      [widths.slice(0, 30), widths.slice(30, 60), widths.slice(60, 85)].map(part => [...new Set(part)]),
      [[320], [640], [320]],
    )
  })

  it('a change of size reaches who is sent an encoding: the encoder is made anew', async () => {
    const { share } = open({ kind: 'file', path: await oddVideo('resized') })
    const viewer = view(share, 'vp8')
    await viewer.first(80)
    const decoder = await openDecoder('vp8')
    const widths = new Set<number | undefined>()
    for (const { payloads } of viewer.frames) widths.add((await decoder.decode(payloads))?.width)
    decoder.close()
    assert.deepEqual([...widths], [320, 640])
  })

  it('a variable frame rate keeps its times', async () => {
    const { frames } = await watch('paces', 38)
    const near = (ticks: number) => steps(frames).filter(step => Math.abs(step - ticks) < 200).length
    assert.equal(near(9000) + near(3000), 37, String(steps(frames)))
    assert.ok(near(9000) >= 18 && near(3000) >= 16)
  })

  it('4K is passed through as it is; an encoding of it is within bounds', async () => {
    const { share, frames } = await watch('large', 5)
    assert.equal(share.status().transcoding, undefined)
    assert.deepEqual(
      [...new Set((await decodeAll(frames)).map(({ width, height }) => `${width}x${height}`))],
      ['3840x2160'],
    )
    const vp8 = view(share, 'vp8')
    await vp8.first(2)
    const decoder = await openDecoder('vp8')
    const picture = await decoder.decode(vp8.frames[0]?.payloads ?? [])
    decoder.close()
    assert.deepEqual([picture?.width, picture?.height], [1280, 720])
  })

  it('without parameter sets it is refused with a sentence', async () => {
    const status = await checkSource({ kind: 'file', path: await oddVideo('bare') })
    assert.deepEqual([status.state, status.code], ['failed', 'no_parameters'])
    assert.match(status.note ?? '', /SPS, PPS/)
  })

  it('when key frames are rare it is converted, so that a second viewer need not wait for one', async () => {
    const { share } = open({ kind: 'file', path: await oddVideo('longGroup') })
    const viewer = view(share)
    await until(() => share.status().obstacle === 'rare_keys', 'a converted source', 20_000)
    const seen = viewer.frames.length
    await viewer.first(seen + 12)
    await decodeAll(viewer.frames)
    assert.ok(viewer.frames.slice(seen - 1).some(({ key }) => key))
    assert.ok(steps(viewer.frames).every(step => step > 0 && step < 180_000))
  })

  it('pictures of full range keep their levels', async () => {
    const { frames } = await watch('fullRange', 3)
    const [picture] = await decodeAll(frames)
    // A JPEG picture whose luma is 16 and 235: taken for the narrow range, it would be shown as 0 and 255.
    const levels = [...(picture?.rgba ?? [])].filter((_, i) => i % 4 === 0).sort((one, two) => one - two)
    const [dark = 0, bright = 0] = [levels[levels.length >> 1], levels.at(-100)]
    assert.ok(dark > 12 && dark < 20 && bright > 225 && bright < 245, `${dark} and ${bright}`)
  })

  it('that sends no key frame is said to be waited for, and is not given up at once', async () => {
    const { share } = open({ kind: 'file', path: await oddVideo('noKey') })
    view(share)
    await until(() => share.status().code === 'no_key', 'the word about it')
    assert.equal(share.status().state, 'opening')
    assert.match(share.status().note ?? '', /key frame/)
  })

  it('that refreshes its picture step by step is joined at such a step, and converted', async () => {
    const { share, frames } = await watch('stepwise', 20)
    assert.equal(share.status().obstacle, 'rare_keys')
    await decodeAll(frames)
  })

  for (const codec of ['h264', 'vp8', 'vp9'] as const)
    it(`B-frames that an RTSP stream does not announce are noticed when they come, and sent as ${codec}`, async () => {
      const launch =
        '( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=20/1 ! x264enc bframes=2 b-adapt=false speed-preset=ultrafast key-int-max=20 ! video/x-h264,profile=main ! rtph264pay config-interval=1 name=pay0 pt=96 )'
      const server = await startRtspServer({ launch })
      closers.push(server.stop)
      const { share } = open({ kind: 'rtsp', url: server.url })
      const viewer = view(share, codec)
      await viewer.first(40)
      assert.equal(share.status().obstacle, 'b_frames')
      assert.ok(steps(viewer.frames).every(step => step > 0))
    })
})
