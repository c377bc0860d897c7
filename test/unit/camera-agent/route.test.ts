import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Control } from '@ownsight/camera-agent/control'
import { route } from '@ownsight/camera-agent/route'
import type { Socket } from 'socket.io-client'

describe('route', () => {
  const socket = new EventEmitter()
  const asked: string[] = []
  let fault = false
  const work = async <T>(name: string, reply: T): Promise<T> => {
    asked.push(name)
    if (fault) throw new Error('unforeseen')
    return reply
  }
  const control: Control = {
    policy: async (jws, reply) => reply(await work(`policy ${jws}`, { ack: 'a' })),
    read: jws => work(`read ${jws}`, { policy: 'p', status: 's' }),
    readInSession: () => assert.fail('there is no session here'),
    redeem: jws => work(`redeem ${jws}`, { redeemed: 'r' }),
    release: async (jws, reply) => reply(await work(`release ${jws}`, { released: 'r' })),
  }
  const sessions = {
    offer: (jws: string) => work(`offer ${jws}`, jws === 'foreign' ? undefined : { answer: 'a' }),
  }
  route(socket as unknown as Socket, { sessions, control })
  beforeEach(() => {
    asked.length = 0
    fault = false
  })
  const EVENTS = ['offer', 'policy', 'read', 'redeem', 'release']
  const ask = (event: string, delivery: unknown) =>
    Promise.race([
      new Promise<unknown>(resolve => socket.emit(event, delivery, resolve)),
      new Promise(resolve => setTimeout(resolve, 50, 'nothing')),
    ])

  it('hands each envelope to its own handler and answers what that says', async () => {
    const replies = []
    for (const event of EVENTS) replies.push(await ask(event, { [event]: 'x' }))
    assert.deepEqual(
      asked,
      EVENTS.map(event => `${event} x`),
    )
    assert.deepEqual(replies, [
      { answer: 'a' },
      { ack: 'a' },
      { policy: 'p', status: 's' },
      { redeemed: 'r' },
      { released: 'r' },
    ])
    assert.deepEqual(await ask('offer', { offer: 'foreign' }), { hint: 'no_reply' })
  })

  it('M-4.1 hears nothing that is not well formed, and nothing under another name', async () => {
    for (const event of EVENTS)
      for (const delivery of [undefined, 'x', {}, { [event]: '' }, { [event]: 'x', more: 1 }, { [event]: 7 }])
        assert.equal(await ask(event, delivery), 'nothing', `${event} ${JSON.stringify(delivery)}`)
    for (const event of ['candidate', 'answer', 'signal', 'pair', 'join'])
      assert.equal(socket.listenerCount(event), 0)
    for (const event of EVENTS) assert.doesNotThrow(() => socket.emit(event, { [event]: 'x' }))
    assert.deepEqual(asked, [])
  })

  it('answers a fault that nobody foresaw with nothing', async () => {
    fault = true
    for (const event of EVENTS) assert.deepEqual(await ask(event, { [event]: 'x' }), { hint: 'no_reply' })
  })
})
