import assert from 'node:assert/strict'
import { until } from '../support/wait.ts'
import { peers } from './fake-peer.ts'
import { openStage } from './serve-stage.ts'

/** What an agent that can serve no more does with whoever comes. */
describe('conformance: seats of the agent', () => {
  const { stage, attempt, answerOf, refusal, peer, live } = openStage()

  it('an agent that has no seat left says busy, every copy hears the same, and no peer is made', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    let asked = 0
    stage.hasSeat = () => {
      asked++
      return promise
    }
    const made = await attempt()
    const reply = stage.server.offer(made.offer)
    await until(() => asked, { timeout: 5000, what: 'the wait' })
    const copy = stage.server.offer(made.offer)
    await new Promise(resume => setTimeout(resume, 50))
    resolve(false)
    const [first, second] = await Promise.all([reply, copy])
    assert.equal(asked, 1)
    assert.ok(first && 'refuse' in first)
    assert.deepEqual(second, first)
    assert.equal(await refusal(made), 'busy')
    assert.deepEqual(
      stage.log.filter(line => line.startsWith('refused')),
      ['refused busy'],
    )
    assert.equal(peers.length, 0)
    assert.equal(stage.released, 0)
  })

  it('a seat is given back when its session ends, however it does', async () => {
    const { peer: mine } = await live()
    await attempt().then(({ offer }) => answerOf(offer))
    assert.equal(stage.released, 0)
    mine.fail('ice_failed')
    await until(() => stage.released === 1, { timeout: 5000, what: 'the first seat' })
    peer().fail('possession_failed')
    await until(() => stage.released === 2, { timeout: 5000, what: 'the second seat' })
  })

  it('whoever is removed while it waits for a seat does not get one', async () => {
    let waiting: AbortSignal | undefined
    stage.hasSeat = signal =>
      new Promise(resolve => {
        waiting = signal
        signal?.addEventListener('abort', () => resolve(false))
      })
    const made = await attempt()
    const reply = stage.server.offer(made.offer)
    await until(() => waiting, { timeout: 5000, what: 'the wait' })
    stage.server.close('removed')
    assert.ok('refuse' in ((await reply) ?? {}))
    assert.equal(peers.length, 0)
  })
})
