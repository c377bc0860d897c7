import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { startClock } from '@ownsight/camera-agent/camera-clock'
import type { ServeContext, Server } from '@ownsight/camera-agent/serve'
import { openWindow } from '@ownsight/camera-agent/window'
import { envelopeHash } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { SESSIONS_PER_CAMERA, SESSIONS_PER_VIEWER } from '@ownsight/protocol/limits'
import type { Policy } from '@ownsight/protocol/messages'
import type { PolicyInForce } from '@ownsight/protocol/policy'
import { newSid, openAnswer, openRefusal, sealConfirm, sealOffer } from '@ownsight/protocol/session'
import { type Home, inForce, newHome } from '../unit/protocol/fixtures.ts'
import { description } from '../unit/protocol/sdp.ts'
import { type FakePeer, peers } from './fake-peer.ts'

/** The camera's side of a session with every part real but the peer connection and the source. */
describe('conformance: serve', function () {
  this.timeout(20_000)
  let createServer: typeof import('@ownsight/camera-agent/serve').createServer
  let home: Home
  let policy: PolicyInForce
  let server: Server
  let win: string
  let counts: string[]
  let subscriptions: number
  let log: string[]
  let logged: () => Promise<void>

  before(async () => {
    // A copy of serve.ts of its own, with the fake in the place of WebRTC.
    const fake = new URL('./fake-peer.ts', import.meta.url).href
    const hooks = registerHooks({
      resolve: (specifier, context, next) =>
        specifier === './rtc/peer.ts' && context.parentURL?.endsWith('serve.ts?fake')
          ? { url: fake, format: 'module-typescript', shortCircuit: true }
          : next(specifier, context),
    })
    const real = import.meta.resolve('@ownsight/camera-agent/serve')
    createServer = (await import(`${real}?fake`)).createServer
    hooks.deregister()
    home = await newHome()
  })

  beforeEach(async () => {
    policy = await inForce(home)
    peers.length = 0
    counts = []
    subscriptions = 0
    log = []
    logged = async () => undefined
    const write = (line: string) => void log.push(line)
    const journal: ServeContext['journal'] = {
      ready: async () => true,
      live: async ({ n }) => {
        await logged()
        write(`live ${n}`)
      },
      foreign: () => write('foreign'),
      close: async ({ reason, s, path }) => write(`close ${reason} ${s} ${path}`),
      refused: async ({ code }) => write(`refused ${code}`),
      ignored: code => write(`ignored ${code}`),
    }
    const window = openWindow(() => 0)
    win = window.nonces()[0] ?? ''
    const share = {
      subscribe: (_: string, onFrame: (frame: unknown) => void) => {
        subscriptions++
        onFrame({ payloads: [], timestamp: 1, key: true })
        return { close: () => subscriptions--, requestKeyframe: () => {} }
      },
      status: () => ({ state: 'live' }),
      onStatus: () => () => {},
    }
    server = createServer({
      cam: home.cam,
      policies: { current: () => policy } as never,
      window,
      clock: startClock(0),
      share: share as never,
      journal,
      control: {
        policy: async (jws, reply) => reply({ ack: jws }),
        readInSession: async (jws, th) => ({ policy: jws, status: th }),
      },
      peerOptions: {} as never,
      onCount: (code, reason) => void counts.push(reason === undefined ? code : `${code} ${reason}`),
      onViewers: () => {},
    })
  })
  afterEach(() => server.close())

  async function attempt(view = home.view, change: { start?: 'now' | 'hold' } = {}) {
    const sid = newSid()
    const { offer, oh } = await sealOffer({
      view,
      camId: home.cam.id,
      win,
      sid,
      sdp: description('offer'),
      want: ['view'],
      start: change.start ?? 'now',
    })
    return { offer, attempt: { pin: home.cam.publicKey, camId: home.cam.id, view: view.id, sid, oh } }
  }
  type Made = Awaited<ReturnType<typeof attempt>>
  const answerOf = async (jws: string): Promise<string> => {
    const reply = await server.offer(jws)
    assert.ok(reply && 'answer' in reply, JSON.stringify(reply))
    return reply.answer
  }
  async function refusal(made: Made): Promise<string> {
    const reply = await server.offer(made.offer)
    assert.ok(reply && 'refuse' in reply, JSON.stringify(reply))
    return (await openRefusal(reply.refuse, made.attempt)).payload.code
  }
  async function confirmOf(made: Made, answer: string, view = home.view): Promise<string> {
    return (await sealConfirm(view, { ...made.attempt, ah: await envelopeHash(answer) })).confirm
  }
  const peer = (at = -1): FakePeer => {
    const found = peers.at(at)
    assert.ok(found)
    return found
  }
  async function live(view = home.view, change: { start?: 'now' | 'hold' } = {}) {
    const made = await attempt(view, change)
    const answer = await answerOf(made.offer)
    const mine = peer()
    mine.open()
    await new Promise(resolve => setImmediate(resolve))
    mine.say({ t: 'confirm', jws: await confirmOf(made, answer, view) })
    await mine.heard('confirmed')
    return { made, answer, peer: mine }
  }
  const guests = async (count: number): Promise<KeyPair[]> => {
    const keys = await Promise.all(Array.from({ length: count }, () => generateKeyPair()))
    const viewers: Policy['viewers'] = [home.view, ...keys].map(({ publicKey }) => ({
      k: publicKey,
      r: ['view'],
    }))
    policy = await inForce(home, { viewers })
    return keys
  }

  it('answers a good offer, and is live after the confirm', async () => {
    const { made, answer, peer: mine } = await live()
    await openAnswer(answer, made.attempt)
    assert.equal(subscriptions, 1)
    assert.equal(mine.frames.length, 1)
    assert.ok(counts.includes('live'))
  })

  it('M-7.21 attack 1: no peer connection is made before the offer is accepted', async () => {
    const stranger = await generateKeyPair()
    const foreign = await sealOffer({
      view: home.view,
      camId: stranger.id,
      win,
      sid: newSid(),
      sdp: description('offer'),
      want: ['view'],
      start: 'now',
    })
    assert.equal(await server.offer(foreign.offer), undefined)
    assert.equal(await server.offer((await attempt(stranger)).offer), undefined)
    assert.equal(await server.offer('junk'), undefined)
    win = newSid()
    assert.equal(await refusal(await attempt()), 'stale_win')
    assert.equal(peers.length, 0)
    assert.deepEqual(counts, ['wrong_aud', 'unknown_viewer', 'bad_form', 'stale_win'])
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
    assert.deepEqual([subscriptions, peer().frames.length, peer().closed], [0, 0, true])
    assert.ok(!counts.includes('live'))
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
      assert.deepEqual([subscriptions, peer().frames.length], [0, 0], JSON.stringify(message))
    }
    assert.ok(!counts.includes('live'))
  })

  it('M-7.23 attack 26: after a wrong confirm the right one is too late', async () => {
    const made = await attempt()
    const answer = await answerOf(made.offer)
    peer().open()
    peer().say({ t: 'play' })
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await peer().heard('ended')
    assert.equal(subscriptions, 0)
  })

  it('M-7.24 attack 26: a confirm before DTLS has proved anything does not make it live', async () => {
    const made = await attempt()
    const answer = await answerOf(made.offer)
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    await new Promise(resolve => setTimeout(resolve, 50))
    assert.equal(subscriptions, 0)
    assert.ok(!counts.includes('live'))
  })

  it('M-8.6 a held session sends no frame before play', async () => {
    const { peer: mine } = await live(home.view, { start: 'hold' })
    assert.equal(subscriptions, 0)
    mine.say({ t: 'play' })
    assert.equal(subscriptions, 1)
  })

  it('M-7.25 attack 8: a viewer that is removed while live is closed', async () => {
    const { peer: mine } = await live()
    const heir = await generateKeyPair()
    policy = { ...policy, viewers: new Map([[heir.id, { k: heir.publicKey, r: ['view'] }]]) }
    server.recheck()
    assert.equal((await mine.heard('ended')).code, 'removed')
    assert.equal(subscriptions, 0)
    assert.equal(mine.closed, true)
  })

  it('M-7.25 a camera that goes private closes everybody', async () => {
    const { peer: mine } = await live()
    policy = { ...policy, policy: { ...policy.policy, privacy: true } }
    server.recheck()
    assert.equal((await mine.heard('ended')).code, 'private')
  })

  it('M-7.25 attack 8: a viewer that is removed before the confirm does not become live', async () => {
    const made = await attempt()
    const answer = await answerOf(made.offer)
    peer().open()
    policy = { ...policy, viewers: new Map() }
    peer().say({ t: 'confirm', jws: await confirmOf(made, answer) })
    assert.equal((await peer().heard('ended')).code, 'removed')
    assert.deepEqual([subscriptions, counts.includes('live')], [0, false])
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

  it('M-8.5 a message the protocol does not have ends a live session', async () => {
    const { peer: mine } = await live()
    mine.say({ t: 'renegotiate', sdp: 'v=0' })
    assert.equal((await mine.heard('ended')).code, 'protocol')
  })

  it('a policy of nobody: nothing is answered', async () => {
    const made = await attempt()
    policy = undefined as never
    assert.equal(await server.offer(made.offer), undefined)
  })
})
