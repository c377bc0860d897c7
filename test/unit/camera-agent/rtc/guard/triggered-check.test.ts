import assert from 'node:assert/strict'
import type { Address, StunProtocol } from '@ownsight/camera-agent/rtc/guard/internals'
import { checkAgain } from '@ownsight/camera-agent/rtc/guard/triggered-check'

const peer: Address = ['192.0.2.7', 40_000]

describe('a check under way is sent again', () => {
  function stage() {
    const sent: unknown[] = []
    const check = (request: string, addr: Address, ended = false) => ({
      request,
      addr,
      ended,
      protocol: {
        sendStun: async (message: unknown, to: Address) => {
          sent.push([message, to])
        },
      },
    })
    const protocol = { transactions: {} as Record<string, ReturnType<typeof check>> }
    return { sent, check, protocol, again: () => checkAgain(protocol as unknown as StunProtocol, peer) }
  }

  it('to the address the request came from, and one only', () => {
    const { sent, check, protocol, again } = stage()
    protocol.transactions = {
      a: check('other host', ['192.0.2.8', 40_000]),
      b: check('other port', ['192.0.2.7', 40_001]),
      c: check('over', peer, true),
      d: check('right', peer),
      e: check('second', peer),
    }
    again()()
    assert.deepEqual(sent, [['right', peer]])
  })

  it('none that has ended meanwhile, and none that began meanwhile', () => {
    const { sent, check, protocol, again } = stage()
    const first = check('first', peer)
    protocol.transactions = { a: first }
    const send = again()
    first.ended = true
    protocol.transactions.b = check('new', peer)
    send()
    assert.deepEqual(sent, [])
  })

  it('nothing for a protocol without checks of its own, and no error where it cannot be sent', async () => {
    assert.doesNotThrow(checkAgain({} as unknown as StunProtocol, peer))
    const { check, protocol, again } = stage()
    const broken = check('x', peer)
    broken.protocol.sendStun = () => Promise.reject(new Error('no route'))
    protocol.transactions = { a: broken }
    again()()
    await new Promise(resolve => setImmediate(resolve))
  })
})
