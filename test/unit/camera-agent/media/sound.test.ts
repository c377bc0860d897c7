import assert from 'node:assert/strict'
import { opusTicks } from '@ownsight/camera-agent/media/opus-packet'
import { lossLevel, pickCodec, type SoundCodec } from '@ownsight/camera-agent/media/sound'
import { createSoundBlocks } from '@ownsight/camera-agent/media/sound-blocks'
import { createSoundClock } from '@ownsight/camera-agent/media/sound-clock'
import { isBeep, toneFrame } from '@ownsight/camera-agent/media/tone'

describe('what a listener is sent', () => {
  const plays = (...codecs: SoundCodec[]) => new Set(codecs)

  it('is the sound as it comes where that can be played, else Opus', () => {
    assert.equal(pickCodec('opus', plays('opus', 'pcmu')), 'opus')
    assert.equal(pickCodec('pcmu', plays('opus', 'pcmu')), 'pcmu')
    assert.equal(pickCodec('pcma', plays('opus', 'pcmu')), 'opus')
    assert.equal(pickCodec('aac', plays('opus', 'pcmu', 'pcma')), 'opus')
  })

  it('is nothing where there is no sound, or none it can play', () => {
    assert.equal(pickCodec('none', plays('opus')), undefined)
    assert.equal(pickCodec(undefined, plays('opus')), undefined)
    assert.equal(pickCodec('aac', plays('pcmu')), undefined)
    assert.equal(pickCodec('opus', plays()), undefined)
  })

  it('is ready for the loss of whoever loses most', () => {
    assert.equal(lossLevel([]), 5)
    assert.equal(lossLevel([0, 0.08]), 12)
    assert.equal(lossLevel([0.5]), 25)
  })

  it('keeps its level until the loss is well below it', () => {
    assert.equal(lossLevel([0.045], 12), 12)
    assert.equal(lossLevel([0.03], 12), 5)
    assert.equal(lossLevel([0.06], 5), 12)
  })
})

describe('the length of an Opus packet', () => {
  const toc = (configuration: number, code: number, count = 0) =>
    opusTicks(Uint8Array.of((configuration << 3) | code, count))

  it('follows its first byte', () => {
    assert.equal(toc(15, 0), 1800)
    assert.equal(toc(3, 0), 5400)
    assert.equal(toc(16, 0), 225)
    assert.equal(toc(31, 1), 3600)
    assert.equal(toc(31, 3, 3), 5400)
  })

  it('is none for what is no packet', () => {
    assert.equal(opusTicks(Uint8Array.of()), undefined)
    assert.equal(toc(31, 3, 0), undefined)
    assert.equal(toc(31, 3, 48), undefined)
  })
})

describe('the clock of sound', () => {
  it('counts what there is, and passes over the rounding of containers', () => {
    const clock = createSoundClock()
    const said = [0, 1830, 3570, 5400, 7200]
    assert.deepEqual(
      said.map(ticks => clock.take(ticks, 1800)),
      [0, 1800, 3600, 5400, 7200],
    )
  })

  it('follows the source over a gap, and never strays by more than 25 ms', () => {
    const clock = createSoundClock()
    clock.take(0, 1800)
    assert.equal(clock.take(90_000, 1800), 90_000)
    let at = 90_000
    let strayed = 0
    for (let i = 0; i < 2000; i++) {
      at += 1803
      strayed = Math.max(strayed, Math.abs(clock.take(at, 1800) - at))
    }
    assert.ok(strayed <= 25 * 90, String(strayed))
  })
})

describe('blocks of sound', () => {
  it('are cut to one length, their times in step', () => {
    const blocks = createSoundBlocks(160, 90_000 / 8000)
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i & 0xff))
    const cut = [0, 400, 800].flatMap(from =>
      blocks.push(bytes.subarray(from, from + 400), 9000 + Math.round(from * 11.25)),
    )
    assert.deepEqual(
      cut.map(({ at }) => at),
      [9000, 10_800, 12_600, 14_400, 16_200, 18_000],
    )
    assert.deepEqual(Buffer.concat(cut.map(({ block }) => block)), bytes.subarray(0, 960))
  })

  it('do not join what a gap has parted', () => {
    const blocks = createSoundBlocks(160, 90_000 / 8000)
    assert.equal(blocks.push(Buffer.alloc(100, 1), 0).length, 0)
    const [first] = blocks.push(Buffer.alloc(160, 2), 90_000)
    assert.deepEqual(first, { at: 90_000, block: Buffer.alloc(160, 2) })
  })
})

describe('the tone', () => {
  it('is 1 kHz in the first tenth of each second, and silence after it', () => {
    const peak = (frame: number) => {
      const samples = toneFrame(frame)
      return Math.max(...Array.from({ length: 960 }, (_, i) => Math.abs(samples.readInt16LE(i * 2))))
    }
    const loud = Array.from({ length: 100 }, (_, frame) => peak(frame) > 0)
    assert.deepEqual(
      loud.flatMap((is, frame) => (is ? [frame] : [])),
      [0, 1, 2, 3, 4, 50, 51, 52, 53, 54],
    )
    const samples = toneFrame(0)
    const rises = Array.from({ length: 959 }, (_, i) => i).filter(
      i => samples.readInt16LE(i * 2) <= 0 && samples.readInt16LE(i * 2 + 2) > 0,
    )
    assert.equal(rises.length, 20)
    assert.deepEqual([isBeep(0), isBeep(99), isBeep(100), isBeep(3050)], [true, true, false, true])
  })
})
