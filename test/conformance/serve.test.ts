import assert from 'node:assert/strict'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { SESSIONS_PER_CAMERA, SESSIONS_PER_VIEWER } from '@ownsight/protocol/limits'
import { newSid, openAnswer, sealOffer } from '@ownsight/protocol/session'
import { until } from '../support/wait.ts'
import { description } from '../unit/protocol/sdp.ts'
import { type FakePeer, peers } from './fake-peer.ts'
import { openStage } from './serve-stage.ts'

/** The camera's side of a session, with a peer connection that the test plays. */
describe('conformance: serve', function () {
  this.timeout(20_000)
  const { stage, attempt, answerOf, refusal, confirmOf, peer, live, guests } = openStage()

  it('answers a good offer, and is live after the confirm', async () => {
    const { made, answer, peer: mine } = await live()
    await openAnswer(answer, made.attempt)
    assert.equal(stage.subscriptions, 1)
    assert.equal(mine.frames.length, 1)
    assert.ok(stage.counts.includes('live'))
  })

  it('M-7.21 attack 1: no peer connection is made before the offer is accepted', async () => {
    const stranger = await generateKeyPair()
    const foreign = await sealOffer({
      view: stage.home.view,
      camId: stranger.id,
      win: stage.win,
      sid: newSid(),
      sdp: description('offer'),
      want: ['view'],
      start: 'now',
    })
    assert.equal(await stage.server.offer(foreign.offer), undefined)
    assert.equal(await stage.server.offer((await attempt(stranger)).offer), undefined)
    assert.equal(await stage.server.offer('junk'), undefined)
    stage.win = newSid()
    assert.equal(await refusal(await attempt()), 'stale_win')
    assert.equal(peers.length, 0)
    assert.deepEqual(stage.counts, ['wrong_aud', 'unknown_viewer', 'bad_form', 'stale_win'])
  })

  it('M-7.22 an identical offer while answered gets the identical answer, and no second connection', async () => {
    const { offer } = await attempt()
    const [first, second] = await Promise.all([answerOf(offer), answerOf(offer)])
    assert.equal(second, first)
    assert.equal(await answerOf(offer), first)
    assert.equal(peers.length, 1)
  })

  it('M-7.22 attack 4: once live the same offer is replay', async () => {
    const { made } = await live()
    assert.equal(await refusal(made), 'replay')
    assert.equal(peers.length, 1)
  })

  it('M-7.23 attack 26: without a confirm no frame is asked for, and the session ends', async () => {
    await answerOf((await attempt()).offer)
    peer().open()
    await peer().heard('ended')
    assert.deepEqual([stage.subscriptions, peer().frames.length, peer().closed], [0, 0, true])
    assert.ok(!stage.counts.includes('live'))
  })

  it('M-7.23 attack 26: play before the confirm, junk, and a wrong confirm end the session', async () => {
    const other = await attempt()
    const otherAnswer = await answerOf(other.offer)
    const wrong = await confirmOf(other, otherAnswer)
    for (const message of [
      { t: 'play' },
      { t: 'confirm', jws: 'a.b.c' },
      { t: 'confirm', jws: wrong },
      'junk',
    ]) {
      await answerOf((await attempt()).offer)
      peer().open()
      peer().say(message)
      await peer().heard('ended')
      assert.deepEqual([stage.subscriptions, peer().frames.length], [0, 0], JSON.stringify(message))
    }
    assert.ok(!stage.counts.includes('live'))
  })

  it('M-7.23 attack 26: after a wrong confirm the right one is too late', async () => {
    const made = await attempt()
    const answer = await answerOf(made.offer)
    peer().open()
    peer().say({ t: 'play' })
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await peer().heard('ended')
    assert.equal(stage.subscriptions, 0)
  })

  it('M-7.24 attack 26: a confirm before DTLS has proved anything does not make it live', async () => {
    const made = await attempt()
    const answer = await answerOf(made.offer)
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await new Promise(resolve => setTimeout(resolve, 50))
    assert.equal(stage.subscriptions, 0)
    assert.ok(!stage.counts.includes('live'))
  })

  it('M-8.6 a held session sends no frame before play', async () => {
    const { peer: mine } = await live(stage.home.view, { start: 'hold' })
    assert.equal(stage.subscriptions, 0)
    assert.deepEqual(stage.log, [], 'nobody has watched')
    mine.say({ t: 'play' })
    mine.say({ t: 'play' })
    await until(() => stage.subscriptions === 1, { timeout: 5000, what: 'the picture' })
    assert.deepEqual(stage.log, ['live 1'])
  })

  it('M-8.6 a held session plays only once its line is written, and ends where that cannot be', async () => {
    const { peer: mine } = await live(stage.home.view, { start: 'hold' })
    stage.logged = () => Promise.reject(new Error('no room'))
    mine.say({ t: 'play' })
    await mine.heard('ended')
    assert.equal(stage.subscriptions, 0)
    assert.ok(!stage.counts.includes('live'))
  })

  it('M-8.10 a paused session sends no frame before play, and goes on without another line', async () => {
    const { peer: mine } = await live()
    await until(() => stage.subscriptions === 1, { timeout: 5000, what: 'the picture' })
    stage.emit()
    const before = mine.frames.length
    mine.say({ t: 'pause' })
    mine.say({ t: 'pause' })
    stage.emit()
    assert.equal(mine.frames.length, before)
    mine.say({ t: 'play' })
    mine.say({ t: 'play' })
    assert.equal(mine.frames.length, before + 1, 'the group of pictures it begins with is newer')
    stage.emit(false)
    assert.equal(mine.frames.length, before + 2)
    mine.say({ t: 'pause' })
    mine.say({ t: 'play' })
    stage.emit(false)
    assert.equal(
      mine.frames.length,
      before + 2,
      'nothing twice, and nothing that builds on what was not sent',
    )
    assert.ok(stage.keyframes > 0)
    stage.emit()
    assert.equal(mine.frames.length, before + 3)
    assert.equal(stage.subscriptions, 1)
    assert.deepEqual(stage.log, ['live 1'])
  })

  it('M-8.10 a held session that is paused while its line is written waits for the next play', async () => {
    const written = Promise.withResolvers<void>()
    const { peer: mine } = await live(stage.home.view, { start: 'hold' })
    stage.logged = () => written.promise
    mine.say({ t: 'play' })
    mine.say({ t: 'pause' })
    written.resolve()
    await until(() => stage.log.length === 1, { timeout: 5000, what: 'the line' })
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(stage.subscriptions, 0)
    mine.say({ t: 'play' })
    assert.equal(stage.subscriptions, 1)
    assert.deepEqual(stage.log, ['live 1'])
  })

  it('M-8.11 alive is answered with a heartbeat at once', async () => {
    const { peer: mine } = await live()
    const beats = () => mine.sent.filter(message => message.t === 'heartbeat').length
    const before = beats()
    mine.say({ t: 'alive' })
    assert.equal(beats(), before + 1)
  })

  it('how high the picture is drawn reaches the source, when it is said before it plays too', async () => {
    const { peer: mine } = await live(stage.home.view, { start: 'hold' })
    mine.say({ t: 'tile', height: 180 })
    assert.deepEqual(stage.heights, [])
    mine.say({ t: 'play' })
    await until(() => stage.subscriptions === 1, { timeout: 5000, what: 'the picture' })
    mine.say({ t: 'tile', height: 720 })
    assert.deepEqual(stage.heights, [180, 720])
    mine.say({ t: 'tile', height: 0 })
    await until(() => mine.closed, { timeout: 5000, what: 'the end' })
  })

  it('a refusal whose reply was lost is said again in the same bytes', async () => {
    stage.ready = false
    const made = await attempt()
    assert.equal(await refusal(made), 'busy')
    stage.ready = true
    assert.equal(await refusal(made), 'busy', 'and not replay: the viewer is to try again')
    assert.deepEqual(
      stage.log.filter(line => line.startsWith('refused')),
      ['refused busy'],
    )
  })

  it('possession that is not proved is counted for the signed heads', async () => {
    const made = await attempt()
    await answerOf(made.offer)
    peer().fail('possession_failed')
    await until(() => stage.log.some(line => line.startsWith('close')), { timeout: 5000, what: 'the end' })
    assert.ok(stage.log.includes('ignored possession_failed'), stage.log.join())
  })

  it('M-7.25 attack 8: a viewer that is removed while live is closed', async () => {
    const { peer: mine } = await live()
    const heir = await generateKeyPair()
    stage.policy = { ...stage.policy, viewers: new Map([[heir.id, { k: heir.publicKey, r: ['view'] }]]) }
    stage.server.recheck()
    assert.equal((await mine.heard('ended')).code, 'removed')
    assert.equal(stage.subscriptions, 0)
    assert.equal(mine.closed, true)
  })

  it('M-7.25 a camera that goes private closes everybody', async () => {
    const { peer: mine } = await live()
    stage.policy = { ...stage.policy, policy: { ...stage.policy.policy, privacy: true } }
    stage.server.recheck()
    assert.equal((await mine.heard('ended')).code, 'private')
  })

  it('M-7.25 attack 8: a viewer that is removed before the confirm does not become live', async () => {
    const made = await attempt()
    const answer = await answerOf(made.offer)
    peer().open()
    stage.policy = { ...stage.policy, viewers: new Map() }
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    assert.equal((await peer().heard('ended')).code, 'removed')
    assert.deepEqual([stage.subscriptions, stage.counts.includes('live')], [0, false])
  })

  it('M-7.26 a viewer has so many sessions and no more; what is watched is not pushed out', async () => {
    const open: FakePeer[] = []
    for (let i = 0; i < SESSIONS_PER_VIEWER; i++) open.push((await live()).peer)
    assert.equal(await refusal(await attempt()), 'busy')
    assert.deepEqual(
      open.map(each => each.closed),
      open.map(() => false),
    )
  })

  it('M-7.26 a camera has so many sessions and no more', async () => {
    const keys = await guests(SESSIONS_PER_CAMERA)
    for (const key of keys) await live(key)
    assert.equal(await refusal(await attempt()), 'busy')
    assert.equal(peers.length, SESSIONS_PER_CAMERA)
  })

  it('M-7.26 one who only waits gives way to one who watches, and never the other way round', async () => {
    const [waits, ...keys] = await guests(SESSIONS_PER_CAMERA)
    const { peer: waiting } = await live(waits, { start: 'hold' })
    for (const key of keys) await live(key)
    assert.equal(await refusal(await attempt(stage.home.view, { start: 'hold' })), 'busy')
    assert.equal(waiting.closed, false)
    await live()
    assert.equal((await waiting.heard('ended')).code, 'replaced')
    assert.equal(await refusal(await attempt()), 'busy')
    assert.ok(!stage.log.some(line => line.startsWith('close')), 'who only waited is no line')
  })

  it('M-7.26 one who waited and plays is not pushed out any more', async () => {
    const [waits, ...keys] = await guests(SESSIONS_PER_CAMERA)
    const { peer: played } = await live(waits, { start: 'hold' })
    for (const key of keys) await live(key)
    assert.equal(stage.server.watching(), keys.length)
    played.say({ t: 'play' })
    await until(() => stage.server.watching() === keys.length + 1, { timeout: 5000, what: 'the play' })
    assert.equal(await refusal(await attempt()), 'busy')
    assert.equal(played.closed, false)
  })

  it('M-8.5 a message the protocol does not have ends a live session', async () => {
    const { peer: mine } = await live()
    mine.say({ t: 'renegotiate', sdp: 'v=0' })
    assert.equal((await mine.heard('ended')).code, 'protocol')
  })

  it('a policy of nobody: nothing is answered', async () => {
    const made = await attempt()
    stage.policy = undefined as never
    assert.equal(await stage.server.offer(made.offer), undefined)
  })
})
