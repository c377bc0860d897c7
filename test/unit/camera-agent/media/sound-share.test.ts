import assert from 'node:assert/strict'
import type { SoundCodec, SoundFrame, SoundWant } from '@ownsight/camera-agent/media/sound'
import { createSoundShare } from '@ownsight/camera-agent/media/sound-share'

describe('sound among its listeners', () => {
  const open = () => {
    const wants: SoundWant[] = []
    const share = createSoundShare(want => void wants.push(want))
    const listen = (...codecs: SoundCodec[]) => {
      const heard: SoundFrame[] = []
      const listener = {
        codecs: new Set(codecs),
        loss: 0,
        take: (frame: SoundFrame) => void heard.push(frame),
      }
      share.join(listener)
      return { listener, heard }
    }
    const send = (codec: SoundCodec) => share.sound({ codec, ticks: 0, data: Buffer.from(codec) }, 1234)
    return { share, wants, listen, send }
  }

  it('is asked for while somebody listens, and no longer', () => {
    const { share, wants, listen } = open()
    share.soundIs('aac')
    assert.deepEqual(wants, [])
    const { listener } = listen('opus')
    assert.deepEqual(wants, [{ codecs: ['opus'], loss: 5 }])
    share.leave(listener)
    assert.deepEqual(wants.at(-1), { codecs: [], loss: 0 })
  })

  it('is asked for once it is known what there is, and again of a new process', () => {
    const { share, wants, listen } = open()
    listen('opus', 'pcmu')
    assert.deepEqual(wants, [])
    share.soundIs('pcmu')
    share.soundIs(undefined)
    share.soundIs('pcmu')
    assert.deepEqual(
      wants.map(({ codecs }) => codecs),
      [['pcmu'], [], ['pcmu']],
    )
  })

  it('goes to each in the form that it can play', () => {
    const { share, wants, listen, send } = open()
    share.soundIs('pcma')
    const plain = listen('opus', 'pcma')
    const other = listen('opus')
    assert.deepEqual(wants.at(-1)?.codecs, ['opus', 'pcma'])
    send('opus')
    send('pcma')
    assert.deepEqual(
      [plain, other].map(({ heard }) => heard.map(({ codec }) => codec)),
      [['pcma'], ['opus']],
    )
    assert.equal(plain.heard[0]?.at, 1234)
  })

  it('is made ready for loss step by step', () => {
    const { share, wants, listen } = open()
    share.soundIs('aac')
    const { listener } = listen('opus')
    for (const loss of [0.01, 0.02, 0.1, 0.11]) {
      listener.loss = loss
      share.update()
    }
    assert.deepEqual(
      wants.map(({ loss }) => loss),
      [5, 12],
    )
  })
})
