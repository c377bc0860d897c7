import assert from 'node:assert/strict'
import type { ViewerState } from '@ownsight/protocol/session-state'
import { HEDGE_MS, RACE_ATTEMPTS } from '../../../viewer/src/deadlines.ts'
import { isFinal, WatchFault } from '../../../viewer/src/failures.ts'
import { openSession } from '../../../viewer/src/opening.ts'
import type { LiveSession } from '../../../viewer/src/watch.ts'
import { fakeClock, settle } from './fake-clock.ts'

type Made = {
  signal: AbortSignal
  enter(state: ViewerState): void
  win(): LiveSession
  fail(code: string): void
  said: string[]
}

function race() {
  const clock = fakeClock()
  const controller = new AbortController()
  const made: Made[] = []
  let reconnect = (): void => undefined
  const session = openSession(
    (signal, onState) => {
      const outcome = Promise.withResolvers<LiveSession>()
      const said: string[] = []
      made.push({
        signal,
        said,
        enter: onState,
        win() {
          const peer = { send: (text: string) => said.push(text), close: () => said.push('closed') }
          const won = { peer } as unknown as LiveSession
          outcome.resolve(won)
          return won
        },
        fail: code => outcome.reject(new WatchFault(code)),
      })
      return outcome.promise
    },
    {
      clock,
      signal: controller.signal,
      isFinal,
      onReconnect: handler => {
        reconnect = handler
        return () => {
          reconnect = () => undefined
        }
      },
    },
  )
  session.catch(() => undefined)
  const nth = (n: number): Made => {
    const found = made[n]
    assert.ok(found, `attempt ${n}`)
    return found
  }
  return { clock, controller, made, nth, session, reconnect: () => reconnect() }
}

describe('opening', () => {
  it('one attempt is enough where nothing is lost', async () => {
    const { clock, made, nth, session } = race()
    nth(0).enter('connecting')
    await clock.pass(HEDGE_MS - 1)
    const won = nth(0).win()
    assert.equal(await session, won)
    await clock.pass(HEDGE_MS)
    assert.equal(made.length, 1)
    assert.equal(nth(0).signal.aborted, false)
  })

  it('a second attempt runs beside one that has an answer and no confirm; the first confirmed wins', async () => {
    const { clock, made, nth, session } = race()
    await clock.pass(5000)
    assert.equal(made.length, 1, 'a slow answer is not mended by a second question')
    nth(0).enter('connecting')
    await clock.pass(HEDGE_MS)
    assert.equal(made.length, 2)
    const won = nth(1).win()
    assert.equal(await session, won)
    assert.equal(nth(0).signal.aborted, true, 'the other is closed')
    assert.equal(nth(1).signal.aborted, false)
    nth(0).win()
    await settle()
    assert.deepEqual(nth(0).said, ['{"t":"bye"}', 'closed'], 'even if it is confirmed at the same moment')
  })

  it('a confirmed one is not raced while its track is on its way', async () => {
    const { clock, made, nth } = race()
    nth(0).enter('connecting')
    nth(0).enter('confirming')
    nth(0).enter('live')
    await clock.pass(HEDGE_MS * 2)
    assert.equal(made.length, 1)
  })

  it('never runs more than two at a time, nor more than a few in all', async () => {
    const { clock, made, nth, session } = race()
    nth(0).enter('connecting')
    await clock.pass(HEDGE_MS)
    nth(1).enter('connecting')
    await clock.pass(HEDGE_MS * 3)
    assert.equal(made.length, 2)
    nth(0).fail('no_path')
    await settle()
    assert.equal(made.length, 3)
    nth(1).fail('no_path')
    await settle()
    assert.equal(made.length, RACE_ATTEMPTS)
    nth(2).fail('no_channel')
    await assert.rejects(session, { code: 'no_channel' })
  })

  it('a fault that ends everything ends both', async () => {
    const { clock, nth, session } = race()
    nth(0).enter('connecting')
    await clock.pass(HEDGE_MS)
    nth(1).fail('removed')
    await assert.rejects(session, { code: 'removed' })
    assert.equal(nth(0).signal.aborted, true)
  })

  it('a fault that may pass leaves the other to win', async () => {
    const { clock, nth, session } = race()
    nth(0).enter('connecting')
    await clock.pass(HEDGE_MS)
    nth(1).fail('busy')
    await settle()
    const won = nth(0).win()
    assert.equal(await session, won)
  })

  it('what was offered over a lost connection is offered anew: its addresses may be lost too', async () => {
    const { clock, made, nth, reconnect, session } = race()
    nth(0).enter('offered')
    await clock.pass(500)
    reconnect()
    assert.equal(made.length, 1, 'one that was just made is of the network that is there')
    await clock.pass(1000)
    reconnect()
    assert.equal(nth(0).signal.aborted, true)
    assert.equal(made.length, 2)
    nth(1).enter('connecting')
    await clock.pass(1000)
    reconnect()
    assert.equal(made.length, 2, 'one that has its answer needs signaling no more')
    const won = nth(1).win()
    assert.equal(await session, won)
  })

  it('stops with its caller, before and after it has won', async () => {
    const early = race()
    early.controller.abort()
    await assert.rejects(early.session, { code: 'stopped' })
    assert.equal(early.nth(0).signal.aborted, true)
    const late = race()
    late.nth(0).win()
    await late.session
    late.controller.abort()
    assert.equal(late.nth(0).signal.aborted, true)
  })
})
