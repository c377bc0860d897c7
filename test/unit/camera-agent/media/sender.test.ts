import assert from 'node:assert/strict'
import { MAX_FRAME_BYTES, type PipeRecord, pipeParser } from '@ownsight/camera-agent/media/frame-pipe'
import { createSender } from '@ownsight/camera-agent/media/sender'
import type { Tier } from '@ownsight/camera-agent/media/tier'

const MB = 1024 * 1024

describe('sender', () => {
  const open = () => {
    const written: PipeRecord[] = []
    const gaps: string[] = []
    const parse = pipeParser(record => written.push(record))
    const pipe = { writableLength: 0, write: parse }
    const sender = createSender(pipe as never, ({ codec, tier }) => gaps.push(`${codec} ${tier}`))
    const keys = () => written.map(record => record.kind === 'frame' && record.key)
    return {
      pipe,
      written,
      sender,
      gaps,
      keys,
      send: (key: boolean, size = 10, tier: Tier = 'source') =>
        sender.frame({ codec: 'h264', tier }, key, 0, Buffer.alloc(size)),
    }
  }

  it('writes while the agent reads', () => {
    const { keys, send } = open()
    for (const key of [true, false, false]) send(key)
    assert.deepEqual(keys(), [true, false, false])
  })

  it('leaves sound out before pictures, and sound that fits no packet', () => {
    const { pipe, written, sender, send } = open()
    const kinds = () => written.map(({ kind }) => kind)
    sender.sound('opus', 0, Buffer.alloc(80))
    sender.sound('opus', 0, Buffer.alloc(1201))
    sender.sound('opus', 0, Buffer.alloc(0))
    assert.deepEqual(kinds(), ['sound'])
    pipe.writableLength = 2 * MB
    sender.sound('opus', 0, Buffer.alloc(80))
    send(true)
    assert.deepEqual(kinds(), ['sound', 'frame'])
  })

  it('leaves out the rest of the group when the agent lags, and begins again with a key frame', () => {
    const { pipe, gaps, keys, send } = open()
    send(true)
    pipe.writableLength = 4 * MB + 1
    send(false)
    pipe.writableLength = 0
    send(false)
    send(true)
    send(false)
    assert.deepEqual(keys(), [true, true, false])
    assert.deepEqual(gaps, ['h264 source'])
  })

  it('waits until most of the backlog is gone, and asks again', () => {
    const { pipe, gaps, keys, send } = open()
    pipe.writableLength = 4 * MB + 1
    send(true)
    pipe.writableLength = 2 * MB
    send(true)
    pipe.writableLength = MB
    send(true)
    assert.deepEqual(keys(), [true])
    assert.equal(gaps.length, 2)
  })

  it('makes each encoding wait for a key frame of its own', () => {
    const { pipe, keys, send } = open()
    pipe.writableLength = 4 * MB + 1
    send(false)
    pipe.writableLength = 0
    send(true, 10, 'mid')
    send(false)
    send(false, 10, 'mid')
    assert.deepEqual(keys(), [true, false])
  })

  it('leaves out a picture larger than the pipe takes', () => {
    const { keys, send } = open()
    send(true, MAX_FRAME_BYTES + 1)
    assert.deepEqual(keys(), [])
  })
})
