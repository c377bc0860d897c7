import assert from 'node:assert/strict'
import type { MediaFrame } from '@ownsight/camera-agent/media/share'
import { openDecoder } from '../support/media-decoder.ts'
import { startRtspServer } from '../support/rtsp-server.ts'
import { openShare, until, view } from '../support/share-watcher.ts'

const pipeline = (width: number, height: number) =>
  `( videotestsrc is-live=true pattern=ball ! video/x-raw,width=${width},height=${height},framerate=10/1 ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=300 key-int-max=10 ! video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96 )`

/** Widths of all pictures, each decoded from the first on. */
async function widthsOf(frames: readonly MediaFrame[]): Promise<(number | undefined)[]> {
  const decoder = await openDecoder('h264')
  const widths = []
  for (const { payloads } of frames) widths.push((await decoder.decode(payloads))?.width)
  decoder.close()
  return widths
}

describe('a camera with a second stream', function () {
  this.timeout(60_000)
  const closers: (() => Promise<unknown>)[] = []
  afterEach(() => Promise.all(closers.splice(0).map(close => close())))
  const open = async () => {
    const [main, sub] = [
      await startRtspServer({ launch: pipeline(640, 360) }),
      await startRtspServer({ launch: pipeline(256, 144) }),
    ]
    closers.push(main.stop, sub.stop)
    const { share } = openShare({ kind: 'rtsp', url: main.url, sub: sub.url })
    closers.push(share.close)
    return share
  }

  it('sends a small tile the small stream alone, and the main one when it grows, without a torn picture', async () => {
    const share = await open()
    const viewer = view(share)
    viewer.setHeight(120)
    await viewer.first(10)
    assert.deepEqual([...new Set(await widthsOf(viewer.frames))], [256])
    viewer.setHeight(360)
    const wide = async () => (await widthsOf(viewer.frames)).includes(640)
    for (const end = performance.now() + 15_000; !(await wide()) && performance.now() < end; )
      await viewer.first(viewer.frames.length + 5)
    const grown = await widthsOf(viewer.frames)
    assert.deepEqual([...new Set(grown)], [256, 640])
    viewer.setHeight(100)
    const from = viewer.frames.length
    await until(() => viewer.frames.slice(from + 5).some(({ key }) => key), 'a key frame')
    await viewer.first(viewer.frames.length + 25)
    assert.deepEqual([...new Set(await widthsOf(viewer.frames))], [256, 640])
    assert.equal((await widthsOf(viewer.frames)).at(-1), 256)
    const steps = viewer.frames
      .slice(1)
      .map((frame, i) => frame.timestamp - (viewer.frames[i]?.timestamp ?? 0))
    assert.ok(steps.every(step => step > 0))
  })
})
