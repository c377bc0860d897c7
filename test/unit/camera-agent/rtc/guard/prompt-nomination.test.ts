import assert from 'node:assert/strict'
import type { IceConnection } from '@ownsight/camera-agent/rtc/guard/internals'
import { endAtNomination } from '@ownsight/camera-agent/rtc/guard/prompt-nomination'

describe('the end of ICE', () => {
  function stage() {
    const loop = Promise.withResolvers<void>()
    const outcomes: number[] = []
    const connection = {
      nominated: undefined as unknown,
      checkListState: { put: (outcome: Promise<number>) => void outcome.then(each => outcomes.push(each)) },
      connect: () => loop.promise,
    }
    endAtNomination(connection as unknown as IceConnection)
    let state = 'checking'
    connection.connect().then(
      () => {
        state = 'connected'
      },
      () => {
        state = 'failed'
      },
    )
    const put = async (outcome: number): Promise<void> => {
      connection.checkListState.put(Promise.resolve(outcome))
      await new Promise(resolve => setImmediate(resolve))
    }
    return { connection, loop, outcomes, put, state: () => state }
  }

  it('comes with the nomination, and is told to the library as before', async () => {
    const { connection, outcomes, put, state } = stage()
    await put(2)
    assert.equal(state(), 'checking', 'checks that failed nominate nothing')
    connection.nominated = {}
    await put(1)
    assert.equal(state(), 'connected')
    assert.deepEqual(outcomes, [2, 1])
  })

  it('is the end of the loop where that comes first, and its failure too', async () => {
    const one = stage()
    one.loop.resolve()
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(one.state(), 'connected')
    const other = stage()
    other.loop.reject(new Error('no pair'))
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(other.state(), 'failed')
  })

  it('a loop that fails after the nomination is nobody’s unhandled error', async () => {
    const { connection, loop, put, state } = stage()
    connection.nominated = {}
    await put(1)
    loop.reject(new Error('closed'))
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(state(), 'connected')
  })
})
