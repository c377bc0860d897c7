import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Share, SourceConfig } from '@ownsight/camera-agent/media/share'
import { SOUND_CLOCK, type SoundCodec, type SoundFrame } from '@ownsight/camera-agent/media/sound'
import { faultySound } from '../support/rtsp-filter.ts'
import { startRtspServer } from '../support/rtsp-server.ts'
import { openShare, until, view } from '../support/share-watcher.ts'
import { decodeSound, pitchOf } from '../support/sound-decoder.ts'
import { RTSP_PCMU, SOUNDS, writeSound } from '../support/sound-file.ts'

const ALL: SoundCodec[] = ['opus', 'pcmu', 'pcma']
/** 20 ms at 90 kHz */
const STEP = 1800
const TONE: SourceConfig = { kind: 'test-pattern', width: 320, height: 180, fps: 10, tone: true }

describe('the sound of a media source', function () {
  this.timeout(60_000)
  let folder = ''
  const closers: (() => Promise<unknown>)[] = []
  const open = (config: SourceConfig, options: Parameters<typeof openShare>[1] = {}) => {
    const opened = openShare(config, options)
    closers.push(opened.share.close)
    return opened
  }
  const listen = (share: Share, codecs: readonly SoundCodec[] = ALL) => {
    const viewer = view(share)
    const heard: SoundFrame[] = []
    const hearing = viewer.hear(new Set(codecs), frame =>
      heard.push({ ...frame, payload: Buffer.from(frame.payload) }),
    )
    return {
      ...viewer,
      heard,
      hearing,
      packets: (count: number) => until(() => heard.length >= count, `${count} packets`),
    }
  }
  const file = (name: string): SourceConfig => ({ kind: 'file', path: join(folder, `${name}.bin`) })

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sound-'))
    for (const name of Object.keys(SOUNDS) as (keyof typeof SOUNDS)[])
      await writeSound(join(folder, `${name}.bin`), name)
  })
  afterEach(() => Promise.all(closers.splice(0).map(close => close())))
  after(() => rm(folder, { recursive: true }))

  const passes: { [name in keyof typeof SOUNDS]: SoundCodec } = {
    aac: 'opus',
    opus: 'opus',
    pcmu: 'pcmu',
    pcma: 'pcma',
    mp3: 'opus',
  }
  for (const [name, codec] of Object.entries(passes))
    it(`${name} in a file is heard as ${codec}, in even steps, beside the picture`, async () => {
      const { share } = open(file(name))
      const { heard, frames, packets } = listen(share)
      await packets(60)
      assert.deepEqual(new Set(heard.map(each => each.codec)), new Set([codec]))
      const steps = heard.slice(1, 60).map(({ at }, i) => at - (heard[i]?.at ?? 0))
      assert.ok(
        steps.every(step => step === STEP),
        String(steps),
      )
      assert.equal(share.status().sound, name)
      const pitch = pitchOf(
        await decodeSound(
          codec,
          heard.slice(10, 60).map(({ payload }) => payload),
        ),
        SOUND_CLOCK[codec],
      )
      assert.ok(Math.abs(pitch - 440) < 15, String(pitch))
      // By the same clock: what came last of both was taken within a moment of each other.
      const apart = Math.abs((frames.at(-1)?.timestamp ?? 0) - (heard.at(-1)?.at ?? 0))
      assert.ok(apart < 45_000, String(apart))
    })

  it('G.711 is heard as Opus by who cannot play it, beside one who can', async () => {
    const { share } = open(file('pcmu'))
    const plain = listen(share)
    const other = listen(share, ['opus'])
    await Promise.all([plain.packets(30), other.packets(30)])
    assert.equal(plain.heard[0]?.codec, 'pcmu')
    assert.equal(other.heard[0]?.codec, 'opus')
  })

  it('goes on while a file is played over and over', async () => {
    const { share } = open(file('aac'))
    const { heard, packets } = listen(share)
    await packets(260)
    const back = heard.slice(1).filter(({ at }, i) => at <= (heard[i]?.at ?? 0))
    assert.deepEqual(back.length, 0)
    const span = (heard.at(-1)?.at ?? 0) - (heard[0]?.at ?? 0)
    assert.ok(Math.abs(span / STEP - heard.length) < 20, `${heard.length} packets in ${span / STEP} steps`)
  })

  it('comes over RTSP', async () => {
    const server = await startRtspServer({ launch: RTSP_PCMU })
    closers.push(server.stop)
    const { share } = open({ kind: 'rtsp', url: server.url })
    const { heard, packets } = listen(share)
    await packets(60)
    assert.ok(heard.every(({ codec, payload }) => codec === 'pcmu' && payload.length === 160))
    assert.equal(share.status().sound, 'pcmu')
  })

  for (const fault of ['refused', 'mute'] as const)
    it(`over RTSP that is ${fault} costs the picture nothing, and no time`, async () => {
      const server = await startRtspServer({ launch: RTSP_PCMU })
      const camera = createServer(faultySound(server.port, fault))
      await new Promise<void>(resolve => camera.listen(0, '127.0.0.1', resolve))
      closers.push(server.stop, async () => camera.close())
      const { port } = camera.address() as AddressInfo
      const start = performance.now()
      const { share } = open({ kind: 'rtsp', url: `rtsp://127.0.0.1:${port}/camera` })
      const { heard, first } = listen(share)
      await first(1)
      // A stream that says nothing of itself is looked at for six seconds.
      assert.ok(performance.now() - start < 5000, `${performance.now() - start} ms`)
      await first(40)
      assert.equal(heard.length, 0)
      assert.equal(share.status().sound, fault === 'mute' ? 'pcmu' : undefined)
    })

  it('is not asked for over RTSP where the camera leaves it out', async () => {
    const server = await startRtspServer({ launch: RTSP_PCMU })
    closers.push(server.stop)
    const { share } = open({ kind: 'rtsp', url: server.url }, { sound: false })
    const { heard, first } = listen(share)
    await first(40)
    assert.equal(heard.length, 0)
    assert.equal(share.status().sound, undefined)
  })

  it('comes to nobody who does not listen, and ends when the listening does', async () => {
    const { share } = open(TONE)
    const deaf = view(share)
    await deaf.first(10)
    const { heard, hearing, packets, frames } = listen(share)
    await packets(10)
    hearing.close()
    const before = heard.length
    const pictures = frames.length
    await until(() => frames.length > pictures + 10, 'pictures to go on')
    assert.equal(heard.length, before)
  })

  it('comes back with a new process, its time going on, when the old one was killed', async () => {
    const { share } = open(TONE)
    const { heard, packets } = listen(share)
    await packets(10)
    process.kill(share.pid() ?? 0, 'SIGKILL')
    const before = heard.length
    await packets(before + 60)
    const last = heard.at(-1)?.at ?? 0
    assert.ok(last > (heard[before - 1]?.at ?? 0) + 30 * STEP)
    assert.equal(share.status().sound, 'opus')
  })

  it("the test pattern's tone is heard in the first tenth of each second, and says so", async () => {
    const { share } = open(TONE)
    const { heard, packets } = listen(share)
    await packets(110)
    const samples = await decodeSound(
      'opus',
      heard.map(({ payload }) => payload),
    )
    const loud = Array.from(
      { length: Math.floor(samples.length / 480) },
      (_, i) => Math.max(...samples.subarray(i * 480, i * 480 + 480).map(Math.abs)) > 0.1,
    )
    const part = loud.filter(Boolean).length / loud.length
    assert.ok(part > 0.07 && part < 0.2, String(part))
    assert.equal(share.status().sound, 'opus')
  })

  it('carries the repair of the packet before, as RFC 6716 §2.1.7 has it', async () => {
    const { share } = open(file('aac'))
    const { heard, hearing, packets } = listen(share)
    hearing.setLoss(0.2)
    await packets(120)
    // The bit after the voice flag of the one SILK frame says whether it repeats the frame before (RFC 6716 §4.2.4).
    const repaired = heard.slice(60).filter(({ payload }) => ((payload[1] ?? 0) >> 6) & 1)
    assert.ok(repaired.length > 30, `${repaired.length} of ${heard.length - 60}`)
  })
})
