import assert from 'node:assert/strict'
import { createDecodeQueue } from '@ownsight/camera-agent/media/decode-queue'
import type { Frame, Packet } from 'node-av/lib'
import { until } from '../../../support/wait.ts'

/** A decoder that works at its packets one by one, each when the test says so. */
function open() {
  const did: string[] = []
  const free = new Set<string>()
  const waiting: (() => void)[] = []
  let fails = false
  const queue = createDecodeQueue(
    async () => {
      did.push('open')
      return {
        decode: async (packet, onPicture) => {
          await new Promise<void>(resolve => waiting.push(resolve))
          if (fails) throw new Error('bad packet')
          did.push(String((packet as unknown as { name: string }).name))
          await onPicture({} as Frame, 0)
        },
        flush: () => void did.push('flush'),
        close: () => void did.push('close'),
      }
    },
    async () => void did.push('shown'),
    () => did.push('closed'),
    work => work(),
  )
  const packet = (name: string) => ({ name, free: () => free.add(name) }) as unknown as Packet
  const step = async (count = 1) => {
    for (let i = 0; i < count; i++) {
      await until(() => waiting.length > 0, { timeout: 5000, what: 'a packet at the decoder' })
      waiting.shift()?.()
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  return {
    queue,
    did,
    free,
    step,
    push: (name: string, key = false, shown = true) => queue.push(packet(name), key, shown),
    fail: () => {
      fails = true
    },
  }
}

describe('decode queue', () => {
  it('takes packets while the decoder works, and keeps their order', async () => {
    const { queue, did, free, push, step } = open()
    push('a', true, false)
    push('b')
    queue.flush()
    push('c', true)
    assert.deepEqual(did, ['open'].slice(0, did.length), 'nothing is done in the way of the reader')
    await step(3)
    assert.deepEqual(did, ['open', 'a', 'b', 'shown', 'flush', 'c', 'shown'])
    assert.deepEqual([...free], ['a', 'b', 'c'])
  })

  it('leaves out the rest of a group when too much waits, and begins again with a key frame', async () => {
    const { did, free, push, step } = open()
    push('first', true)
    for (let i = 0; i < 70; i++) push(`late ${i}`)
    push('key', true)
    await step(2)
    assert.deepEqual(did, ['open', 'first', 'shown', 'flush', 'key', 'shown'])
    assert.equal(free.size, 72)
  })

  it('closes the decoder after its last packet, and opens another for the next', async () => {
    const { queue, did, free, push, step } = open()
    push('a', true)
    push('b')
    await until(() => did.length > 0, { timeout: 5000, what: 'the decoder' })
    queue.close()
    assert.equal(queue.isOpen(), false)
    await step()
    assert.deepEqual(did, ['open', 'a', 'shown', 'close', 'closed'])
    assert.ok(free.has('b'))
    push('c', true)
    await step()
    assert.deepEqual(did.slice(5), ['open', 'c', 'shown'])
  })

  it('tells of a fault at the next packet', async () => {
    const { push, step, fail } = open()
    fail()
    push('a', true)
    await step()
    assert.throws(() => push('b'), /bad packet/)
  })
})
