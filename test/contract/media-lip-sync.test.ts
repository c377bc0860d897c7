import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SourceConfig } from '@ownsight/camera-agent/media/share'
import { SOUND_CLOCK, type SoundCodec, type SoundFrame } from '@ownsight/camera-agent/media/sound'
import { openDecoder } from '../support/media-decoder.ts'
import { pictures, beeps as sounds } from '../support/picture-clock.ts'
import { startRtspServer } from '../support/rtsp-server.ts'
import { openShare, until, view } from '../support/share-watcher.ts'
import { decodeSound } from '../support/sound-decoder.ts'
import { TICK_EARLY_MS, writeTicks } from '../support/sound-file.ts'

const TICKS_PER_MS = 90
/** What the agent may add: the browser has the rest of the 60 ms. */
const APART_MS = 15
const SILENCE_MS = 300
/** From one picture of the slow camera to the next. */
const QUARTER_MS = 250

/** Sound and picture as they cross the agent: on one line of time, before any network. */
describe('sound beside the picture', function () {
  this.timeout(60_000)
  let folder = ''
  let close: (() => Promise<unknown>) | undefined
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lip-sync-'))
    await writeTicks(join(folder, 'ticks.mkv'))
  })
  afterEach(() => close?.())
  after(() => rm(folder, { recursive: true }))

  async function record(config: SourceConfig, codecs: SoundCodec[], packets: number) {
    const { share } = openShare(config)
    close = share.close
    const viewer = view(share)
    const heard: SoundFrame[] = []
    viewer.hear(new Set(codecs), frame => heard.push({ ...frame, payload: Buffer.from(frame.payload) }))
    await until(() => heard.length >= packets, `${packets} packets`, 30_000)
    const { frames } = viewer
    viewer.close()
    return { frames: [...frames], heard }
  }

  /** When each beep begins, ms on the line. */
  async function beeps(heard: readonly SoundFrame[]): Promise<number[]> {
    const [first] = heard
    assert.ok(first)
    const rate = SOUND_CLOCK[first.codec]
    const samples = await decodeSound(
      first.codec,
      heard.map(({ payload }) => payload),
    )
    const found: number[] = []
    let loudAt = Number.NEGATIVE_INFINITY
    for (const [i, sample] of samples.entries()) {
      if (Math.abs(sample) < 0.1) continue
      const at = first.at / TICKS_PER_MS + (i * 1000) / rate
      if (at - loudAt > SILENCE_MS) found.push(at)
      loudAt = at
    }
    return found
  }

  /** When the picture becomes brighter or darker at a place (parts of its size), ms on the line. */
  async function flashes(frames: Awaited<ReturnType<typeof record>>['frames'], place: [number, number]) {
    const decoder = await openDecoder('h264')
    const found: number[] = []
    let was: boolean | undefined
    for (const { payloads, timestamp } of frames) {
      const picture = await decoder.decode(payloads)
      if (!picture) continue
      const { width, height, rgba } = picture
      const at = (Math.floor(place[1] * height) * width + Math.floor(place[0] * width)) * 4
      const isBright = (rgba[at + 1] ?? 0) > 128
      if (was !== undefined && isBright !== was) found.push(timestamp / TICKS_PER_MS)
      was = isBright
    }
    decoder.close()
    return found
  }

  const nearest = (beep: number, all: readonly number[]): number =>
    Math.min(...all.map(flash => Math.abs(flash - beep)))

  it("the test pattern's beep begins with its flash", async () => {
    const size = { width: 320, height: 180 }
    const config: SourceConfig = { kind: 'test-pattern', ...size, fps: 20, tone: true }
    const { frames, heard } = await record(config, ['opus'], 220)
    const [sounded, shown] = [await beeps(heard.slice(5)), await flashes(frames, [0.9, 0.7])]
    assert.ok(sounded.length >= 3, String(sounded))
    assert.ok(shown.length >= 6, String(shown))
    // A machine under load leaves pictures out, the first of a flash among them.
    const apart = sounded.slice(1).map(beep => nearest(beep, shown))
    assert.ok(Math.min(...apart) < APART_MS, `${sounded.join(' ')} among ${shown.join(' ')}`)
  })

  for (const codec of ['pcmu', 'opus'] as const)
    it(`a file's ticks are heard as ${codec} when its picture changes`, async () => {
      const { frames, heard } = await record({ kind: 'file', path: join(folder, 'ticks.mkv') }, [codec], 220)
      const [sounded, shown] = [await beeps(heard.slice(5)), await flashes(frames, [0.5, 0.5])]
      assert.ok(sounded.length >= 3, String(sounded))
      for (const tick of sounded.slice(1)) {
        const apart = nearest(tick + TICK_EARLY_MS, shown)
        assert.ok(apart < APART_MS, `${tick} among ${shown.join(' ')}`)
      }
    })

  it('sound leaves when its picture does: of a camera whose pictures are known to be whole a quarter of a second late', async () => {
    const coded =
      'x264enc tune=zerolatency speed-preset=ultrafast key-int-max=8 ! video/x-h264,profile=baseline'
    const server = await startRtspServer({
      launch: `( ${pictures(320, 180, 4)} ! ${coded} ! rtph264pay name=pay0 pt=96 ${sounds(8000)} ! mulawenc ! rtppcmupay name=pay1 pt=0 )`,
    })
    const { share } = openShare({ kind: 'rtsp', url: server.url })
    close = async () => {
      await share.close()
      await server.stop()
    }
    const late: Record<'pictures' | 'sound', number[]> = { pictures: [], sound: [] }
    const note = (of: keyof typeof late, at: number) =>
      void late[of].push(performance.now() - at / TICKS_PER_MS)
    const viewer = share.subscribe('h264', ({ timestamp }) => note('pictures', timestamp))
    viewer.hear(new Set<SoundCodec>(['pcmu']), ({ at }) => note('sound', at))
    await until(
      () => late.pictures.length >= 24 && late.sound.length >= 200,
      '24 pictures and their sound',
      30_000,
    )
    viewer.close()
    const usual = (of: keyof typeof late) => late[of].slice(8).toSorted((a, b) => a - b)[8] ?? Number.NaN
    const apart = usual('sound') - usual('pictures')
    assert.ok(Math.abs(apart) < QUARTER_MS / 2, `${apart} ms`)
  })
})
