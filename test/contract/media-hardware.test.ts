import assert from 'node:assert/strict'
import type { openEncoder } from '@ownsight/camera-agent/media/encoder'
import { openEncoder as openReal } from '@ownsight/camera-agent/media/encoder'
import { createEncoders } from '@ownsight/camera-agent/media/encoders'
import { createHardware } from '@ownsight/camera-agent/media/hardware'
import type { Hardware } from '@ownsight/camera-agent/media/hardware-names'
import { passesSelfTest } from '@ownsight/camera-agent/media/hardware-test'
import { AV_LOG_QUIET } from 'node-av/constants'
import { Log } from 'node-av/lib'

type Open = typeof openEncoder

/** The software encoder in the place of hardware, which this machine need not have; `spoil` makes it a bad one. */
const stand =
  (spoil: (encoder: Awaited<ReturnType<Open>>) => Partial<Awaited<ReturnType<Open>>> = () => ({})): Open =>
  async (encoding, size, bps, emit) => {
    const encoder = await openReal(encoding, size, bps, emit)
    return { ...encoder, ...spoil(encoder) }
  }
const NULL: [string, RegExp][] = [['/dev', /^null$/]]

describe('encoding in hardware', function () {
  this.timeout(30_000)
  before(() => Log.setLevel(AV_LOG_QUIET))

  describe('the self-test', () => {
    it('passes an encoder that sends each picture at once and a key frame on demand', async () => {
      assert.equal(await passesSelfTest('h264_nvenc', stand()), true)
    })
    it('fails one that is not there, that holds pictures back, or that makes no key frame on demand', async () => {
      assert.equal(await passesSelfTest('h264_none' as Hardware), false)
      // By its own settings x264 looks ahead.
      assert.equal(await passesSelfTest('libx264' as Hardware), false)
      assert.equal(
        await passesSelfTest(
          'h264_nvenc',
          stand(() => ({ forceKey: () => {} })),
        ),
        false,
      )
    })
    it('fails one whose pictures browsers do not play, or that breaks', async () => {
      const jpeg: Open = (_encoding, size, bps, emit) =>
        openReal({ codec: 'vp8', tier: 'source' }, size, bps, emit)
      assert.equal(await passesSelfTest('h264_nvenc', jpeg), false)
      const broken = stand(() => ({ encode: async () => assert.fail('the driver') }))
      assert.equal(await passesSelfTest('h264_nvenc', broken), false)
    })
  })

  describe('the choice', () => {
    it('starts no process where the machine shows no device', async () => {
      const hardware = createHardware([['/dev', /^no-such-device$/]], () => assert.fail('no process'))
      assert.equal(hardware.now(), undefined)
      await hardware.looked()
      assert.equal(hardware.now(), undefined)
    })
    it('is what a process of its own has tried, and nobody waits for it', async () => {
      const hardware = createHardware(NULL, async () => 'h264_vaapi')
      assert.equal(hardware.now(), undefined)
      await hardware.looked()
      assert.deepEqual(hardware.now(), { name: 'h264_vaapi', groups: [] })
      hardware.avoid()
      assert.equal(hardware.now(), undefined, 'after it crashed a source')
    })
    it('is none where every encoder fails in the real process', async () => {
      const hardware = createHardware(NULL)
      hardware.now()
      await hardware.looked()
      assert.equal(hardware.now(), undefined)
    })
  })

  it('is for large pictures of H.264; what fails is done in software from then on, and said', async () => {
    const asked: (string | undefined)[] = []
    const told: string[] = []
    let works = true
    const open: Open = async (encoding, size, bps, emit, hardware) => {
      asked.push(hardware)
      if (hardware && !works) throw new Error('the driver')
      return stand()(encoding, size, bps, emit)
    }
    const encoders = createEncoders('h264_qsv', name => told.push(name), open)
    const start = async (codec: 'h264' | 'vp8', height: number) =>
      (await encoders({ codec, tier: 'source' }, { width: 640, height, fps: 20 }, 500_000, () => {})).close()
    await start('h264', 720)
    await start('h264', 360)
    await start('vp8', 720)
    assert.deepEqual(asked.splice(0), ['h264_qsv', undefined, undefined])
    works = false
    await start('h264', 720)
    await start('h264', 720)
    assert.deepEqual(asked, ['h264_qsv', undefined, undefined])
    assert.deepEqual(told, ['h264_qsv', 'software'])
  })
})
