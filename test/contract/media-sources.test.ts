import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyMark } from '@ownsight/camera-agent/media/mark'
import type { MediaFrame } from '@ownsight/camera-agent/media/share'
import type { SourceConfig } from '@ownsight/camera-agent/media/source-config'
import { openDecoder } from '../support/media-decoder.ts'
import { startRtspServer } from '../support/rtsp-server.ts'
import { marksOf, openShare, view } from '../support/share-watcher.ts'
import { writeVideo } from '../support/video-file.ts'

const KEY = Buffer.alloc(32, 5)
const PATTERN: SourceConfig = {
  kind: 'test-pattern',
  width: 320,
  height: 180,
  fps: 10,
  mark: { key: KEY.toString('base64url') },
}

const steps = (frames: readonly MediaFrame[]) =>
  frames.slice(1).map((frame, i) => (frame.timestamp - (frames[i]?.timestamp ?? 0)) | 0)

describe('media source', function () {
  this.timeout(60_000)
  let folder = ''
  const closers: (() => Promise<unknown>)[] = []
  const open = (config: SourceConfig) => {
    const opened = openShare(config)
    closers.push(opened.share.close)
    return opened
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'media-'))
    await writeVideo(join(folder, 'plain.mp4'), 'baseline')
    await writeVideo(join(folder, 'b-frames.mp4'), 'bFrames')
    await writeVideo(join(folder, 'plain.ts'), 'baseline', 'mpegtsmux')
    await writeVideo(join(folder, 'motion-jpeg.mkv'), 'mjpeg', 'matroskamux')
  })
  afterEach(() => Promise.all(closers.splice(0).map(close => close())))
  after(() => rm(folder, { recursive: true }))

  const kinds: Record<string, () => Promise<SourceConfig>> = {
    'a test pattern': async () => PATTERN,
    'a file': async () => ({ kind: 'file', path: join(folder, 'plain.mp4') }),
    'a transport stream file': async () => ({ kind: 'file', path: join(folder, 'plain.ts') }),
    'a file with B-frames': async () => ({ kind: 'file', path: join(folder, 'b-frames.mp4') }),
    'a file of another codec': async () => ({ kind: 'file', path: join(folder, 'motion-jpeg.mkv') }),
    'an RTSP server with digest auth': async () => {
      const server = await startRtspServer({ user: 'ann', password: 'p:ss/w@rd' })
      closers.push(server.stop)
      return { kind: 'rtsp', url: server.url }
    },
  }
  for (const [name, config] of Object.entries(kinds))
    for (const codec of ['h264', 'vp8', 'vp9'] as const)
      it(`${name} plays as ${codec}: key frame first, time forward, every frame decodes`, async () => {
        const { share } = open(await config())
        const viewer = view(share, codec)
        await viewer.first(30)
        const frames = viewer.frames.slice(0, 30)
        assert.equal(frames[0]?.key, true)
        assert.ok(
          steps(frames).every(step => step > 0 && step < 90_000),
          String(steps(frames)),
        )
        assert.ok(frames.every(({ payloads }) => payloads.every(payload => payload.length <= 1200)))
        assert.equal(share.status().state, 'live')
        const decoder = await openDecoder(codec)
        for (const { payloads } of frames) assert.equal((await decoder.decode(payloads))?.width, 320)
        decoder.close()
      })

  it('says that it converts what browsers cannot play, and only then', async () => {
    for (const [file, transcoding] of [
      ['plain.mp4', undefined],
      ['b-frames.mp4', true],
      ['motion-jpeg.mkv', true],
    ] as const) {
      const { share } = open({ kind: 'file', path: join(folder, file) })
      await view(share).first(3)
      assert.equal(share.status().transcoding, transcoding, file)
      assert.equal(share.status().note !== undefined, transcoding === true)
    }
  })

  it('plays a file over and over with time going on', async () => {
    const { share } = open({ kind: 'file', path: join(folder, 'plain.mp4') })
    const viewer = view(share)
    await viewer.first(90)
    assert.ok(
      steps(viewer.frames).every(step => step === 4500),
      String(steps(viewer.frames)),
    )
  })

  for (const codec of ['h264', 'vp8', 'vp9'] as const)
    it(`shows the camera's mark to who decodes ${codec}, under this run's key, counting up`, async () => {
      const { share } = open(PATTERN)
      const viewer = view(share, codec)
      await viewer.first(25)
      const marks = await marksOf(codec, viewer.frames)
      assert.ok(marks.length >= 25)
      for (const mark of marks)
        assert.ok(mark && verifyMark(mark, 'cam-a', KEY) && !verifyMark(mark, 'cam-b', KEY))
      const counters = marks.map(mark => mark?.counter ?? -1)
      assert.ok(
        counters.every((counter, i) => i === 0 || counter > (counters[i - 1] ?? 0)),
        String(counters),
      )
    })

  it('makes a key frame when asked, at most two a second', async () => {
    const { share } = open({ ...PATTERN, fps: 20 } as SourceConfig)
    const viewer = view(share)
    await viewer.first(5)
    const from = viewer.frames.length
    const asking = setInterval(viewer.requestKeyframe, 20)
    await viewer.first(from + 60)
    clearInterval(asking)
    const keys = viewer.frames.slice(from).filter(frame => frame.key).length
    assert.ok(keys >= 5 && keys <= 8, `${keys} key frames in 3 s`)
  })
})
