import assert from 'node:assert/strict'
import { createListening } from '@ownsight/camera-agent/listening'
import type { SoundCodec } from '@ownsight/camera-agent/media/sound'

describe('listening', () => {
  const open = () => {
    const told: number[] = []
    let onLoss: (part: number) => void = () => undefined
    const state = { may: true, open: 0 }
    const sound = {
      codecs: new Set<SoundCodec>(['opus']),
      allow: () => undefined,
      send: () => undefined,
      onLoss: (handler: typeof onLoss) => {
        onLoss = handler
      },
      sent: () => 0,
    }
    const source = {
      hear: () => {
        state.open++
        let isOpen = true
        return {
          setLoss: (part: number) => void told.push(part),
          close: () => {
            if (isOpen) state.open--
            isOpen = false
          },
        }
      },
    } as never
    const listening = createListening(sound, () => state.may)
    return { state, told, source, listening, lose: (part: number) => onLoss(part) }
  }

  it('begins when it is wanted and there are pictures, whichever comes first', () => {
    for (const order of [0, 1]) {
      const { state, source, listening } = open()
      const steps = [() => listening.set(true), () => listening.follow(source)]
      steps[order]?.()
      assert.equal(state.open, 0)
      steps[1 - order]?.()
      assert.equal(state.open, 1)
      listening.set(true)
      assert.equal(state.open, 1)
    }
  })

  it('ends with the wish, the pause, the pictures and the right', () => {
    const { state, source, listening } = open()
    listening.set(true)
    listening.follow(source)
    const ends: [() => void, () => void][] = [
      [() => listening.set(false), () => listening.set(true)],
      [() => listening.setPaused(true), () => listening.setPaused(false)],
      [() => listening.follow(undefined), () => listening.follow(source)],
    ]
    for (const [end, begin] of ends) {
      end()
      assert.equal(state.open, 0)
      begin()
      assert.equal(state.open, 1)
    }
    state.may = false
    listening.recheck()
    assert.equal(state.open, 0)
  })

  it('tells the source what was lost, and the viewer whether there is sound, under the right only', () => {
    const { state, told, source, listening, lose } = open()
    lose(0.5)
    listening.set(true)
    listening.follow(source)
    lose(0.1)
    assert.deepEqual(told, [0.1])
    assert.equal(listening.has({ state: 'live', sound: 'aac' }), true)
    assert.equal(listening.has({ state: 'live' }), false)
    state.may = false
    assert.equal(listening.has({ state: 'live', sound: 'aac' }), undefined)
    assert.equal(createListening(undefined, () => true).has({ state: 'live', sound: 'aac' }), undefined)
  })
})
