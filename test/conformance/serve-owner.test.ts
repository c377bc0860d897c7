import assert from 'node:assert/strict'
import { envelopeHash } from '@ownsight/protocol/envelope'
import type { Policy, Right } from '@ownsight/protocol/messages'
import { transcript } from '@ownsight/protocol/session'
import { peers } from './fake-peer.ts'
import { openStage } from './serve-stage.ts'

/** Rights that change, words of an owner, and lines about it all, in a running session. */
describe('conformance: serve, under an owner', function () {
  this.timeout(20_000)
  const { stage, attempt, answerOf, refusal, confirmOf, peer, live } = openStage()

  it('M-7.31 attack 9: a right that is taken while live goes at once, and the viewer is told', async () => {
    const made = await attempt(stage.home.view, { want: ['view', 'audio', 'talk'] })
    const answer = await answerOf(made.offer)
    const mine = peer()
    mine.open()
    await new Promise(resolve => setImmediate(resolve))
    mine.say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await mine.heard('confirmed')
    assert.equal(mine.takesRtp(), true)
    const grant = (r: Policy['viewers'][number]['r']) => {
      stage.policy = {
        ...stage.policy,
        viewers: new Map([[stage.home.view.id, { k: stage.home.view.publicKey, r }]]),
      }
      stage.server.recheck()
    }
    grant(['view', 'audio', 'ptz'])
    assert.deepEqual((await mine.heard('rights')).r, ['view', 'audio'])
    assert.equal(mine.takesRtp(), false)
    grant(['view', 'audio', 'talk'])
    assert.equal(mine.takesRtp(), false, 'what was taken comes back with a new session only')
    assert.equal(mine.sent.filter(({ t }) => t === 'rights').length, 1)
    assert.deepEqual([mine.closed, stage.subscriptions], [false, 1])
  })

  it('M-8.8 before the confirm nothing the viewer sends is taken, and without talk never', async () => {
    const made = await attempt(stage.home.view, { want: ['view', 'talk'] })
    const answer = await answerOf(made.offer)
    peer().open()
    assert.equal(peer().takesRtp(), false)
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await peer().heard('confirmed')
    assert.equal(peer().takesRtp(), true)
    assert.equal((await live()).peer.takesRtp(), false)
  })

  const hearing = async (want: Right[]) => {
    const made = await attempt(stage.home.view, { want })
    const answer = await answerOf(made.offer)
    const mine = peer()
    mine.open()
    await new Promise(resolve => setImmediate(resolve))
    mine.say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await mine.heard('confirmed')
    return mine
  }

  it('M-7.32 the answer has a section for sound under the right to hear only', async () => {
    assert.equal((await hearing(['view', 'audio'])).hasSound, true)
    assert.equal((await hearing(['view', 'talk'])).hasSound, false)
    stage.policy = {
      ...stage.policy,
      viewers: new Map([[stage.home.view.id, { k: stage.home.view.publicKey, r: ['view'] }]]),
    }
    assert.equal((await hearing(['view', 'audio'])).hasSound, false)
  })

  it('M-8.12 sound comes to who has the right and turned it on, until it is turned off', async () => {
    const mine = await hearing(['view', 'audio'])
    assert.equal((await mine.heard('source')).sound, true)
    assert.equal(stage.listeners, 0)
    mine.say({ t: 'listen', on: true })
    assert.equal(stage.listeners, 1)
    stage.emitSound()
    assert.equal(mine.sounds.length, 1)
    mine.say({ t: 'pause' })
    assert.equal(stage.listeners, 0)
    mine.say({ t: 'play' })
    assert.equal(stage.listeners, 1)
    mine.say({ t: 'listen', on: false })
    assert.equal(stage.listeners, 0)
    const deaf = await hearing(['view'])
    deaf.say({ t: 'listen', on: true })
    assert.equal(stage.listeners, 0)
    assert.equal((await deaf.heard('source')).sound, undefined)
  })

  it('M-8.12 attack 9: a right to hear that is taken while live ends the sound at once, and not the picture', async () => {
    const mine = await hearing(['view', 'audio'])
    mine.say({ t: 'listen', on: true })
    stage.emitSound()
    const late = stage.emitSound
    stage.policy = {
      ...stage.policy,
      viewers: new Map([[stage.home.view.id, { k: stage.home.view.publicKey, r: ['view'] }]]),
    }
    stage.server.recheck()
    late()
    assert.deepEqual([mine.sounds.length, mine.sendsSound(), stage.listeners], [1, false, 0])
    assert.deepEqual((await mine.heard('rights')).r, ['view'])
    mine.say({ t: 'listen', on: true })
    assert.equal(stage.listeners, 0)
    const before = mine.frames.length
    stage.emit()
    assert.deepEqual([mine.closed, mine.frames.length], [false, before + 1])
  })

  it('M-13.11 the log has it before the first frame leaves, and before the viewer hears of it', async () => {
    const durable = Promise.withResolvers<void>()
    stage.logged = () => durable.promise
    const made = await attempt()
    const answer = await answerOf(made.offer)
    peer().open()
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await new Promise(resolve => setTimeout(resolve, 100))
    assert.deepEqual([stage.subscriptions, peer().sent, peer().frames], [0, [], []])
    durable.resolve()
    await peer().heard('confirmed')
    assert.equal(stage.log[0], 'live 1')
  })

  it('M-13.11 what cannot be logged is not shown', async () => {
    stage.logged = () => Promise.reject(new Error('ENOSPC'))
    const made = await attempt()
    const answer = await answerOf(made.offer)
    peer().open()
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await peer().heard('ended')
    assert.deepEqual(
      [stage.subscriptions, stage.counts.includes('live'), stage.log.includes('live 1')],
      [0, false, false],
    )
    stage.ready = false
    assert.equal(await refusal(await attempt()), 'busy')
    assert.equal(peers.length, 1)
  })

  it('M-7.25 a viewer that is removed while its line is being written gets nothing', async () => {
    const durable = Promise.withResolvers<void>()
    stage.logged = () => durable.promise
    const made = await attempt()
    const answer = await answerOf(made.offer)
    peer().open()
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await new Promise(resolve => setTimeout(resolve, 50))
    stage.policy = { ...stage.policy, viewers: new Map() }
    stage.server.recheck()
    durable.resolve()
    assert.equal((await peer().heard('ended')).code, 'removed')
    assert.deepEqual([stage.subscriptions, stage.counts.includes('live')], [0, false])
  })

  it('M-13.12 a live session of somebody whom the policy does not hold is counted apart, and ended', async () => {
    const made = await attempt()
    const answer = await answerOf(made.offer)
    peer().open()
    // As if the judgement before had failed: the list is another one when the line is written.
    stage.logged = async () => undefined
    const viewers = new Map(stage.policy.viewers)
    let asked = 0
    stage.policy = {
      ...stage.policy,
      viewers: {
        get: (id: string) => viewers.get(id),
        has: () => {
          asked++
          return false
        },
      } as never,
    }
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await peer().heard('ended')
    assert.equal(asked, 1)
    assert.deepEqual(stage.log.slice(0, 2), ['live 1', 'foreign'])
    assert.deepEqual([stage.subscriptions, stage.counts.includes('live')], [0, false])
  })

  it('writes down who was let in, who was refused, and how it ended', async () => {
    const { made, peer: mine } = await live()
    assert.equal(await refusal(made), 'replay')
    await stage.server.offer('junk')
    mine.say({ t: 'bye' })
    await mine.heard('ended')
    await stage.server.settled()
    assert.deepEqual(stage.log, ['live 1', 'refused replay', 'ignored bad_form', 'close bye 1 host'])
    assert.deepEqual(stage.ways, ['direct'])
  })

  it('M-8.9 an owner’s word in a live session goes to the same judge, and the reply names its number', async () => {
    const { peer: mine, answer, made } = await live()
    mine.say({ t: 'policy', id: 7, policy: 'a.b.c' })
    assert.deepEqual(await mine.heard('ack'), { t: 'ack', id: 7, ack: 'a.b.c' })
    mine.say({ t: 'read', id: 8, read: 'd.e.f' })
    const th = await transcript(made.attempt.oh, await envelopeHash(answer))
    assert.deepEqual(await mine.heard('status'), { t: 'status', id: 8, policy: 'd.e.f', status: th })
  })

  it('M-8.9 before the confirm an owner’s word is a wrong first message like any other', async () => {
    await answerOf((await attempt()).offer)
    peer().open()
    peer().say({ t: 'policy', id: 7, policy: 'a.b.c' })
    await peer().heard('ended')
    assert.ok(!peer().sent.some(({ t }) => t === 'ack'))
  })

  it('says released to everybody when the camera was let go', async () => {
    const { peer: mine } = await live()
    stage.policy = undefined as never
    stage.server.recheck()
    assert.equal((await mine.heard('ended')).code, 'released')
  })
})
