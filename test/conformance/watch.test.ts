import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { randomId } from '@ownsight/protocol/bytes'
import { openEnvelope, seal } from '@ownsight/protocol/envelope'
import type { Reply } from '@ownsight/protocol/events'
import { STALLED_MS } from '@ownsight/protocol/limits'
import { sealAnswer, sealRefusal, transcript } from '@ownsight/protocol/session'
import { liveState } from '../../viewer/src/live-state.ts'
import type { Peer } from '../../viewer/src/rtc/peer.ts'
import type { WatchOptions } from '../../viewer/src/watch.ts'
import { type Home, newHome, now } from '../unit/protocol/fixtures.ts'
import { description } from '../unit/protocol/sdp.ts'

/** The viewer's side of a session with every part real but the browser's WebRTC; the test is server and camera. */
describe('conformance: watch', function () {
  this.timeout(30_000)
  let watch: typeof import('../../viewer/src/watch.ts').watch
  let home: Home
  let other: Home
  const stream = { id: 'a stream' } as unknown as MediaStream

  before(async () => {
    // The browser's door to WebRTC cannot be opened here, and is not: each test brings its own peer.
    const hooks = registerHooks({
      resolve: (specifier, context, next) =>
        specifier === './rtc/peer.ts' && context.parentURL?.endsWith('watch.ts?fake')
          ? {
              url: 'data:text/javascript,export const createPeer = undefined',
              format: 'module',
              shortCircuit: true,
            }
          : next(specifier, context),
    })
    watch = (await import(`${new URL('../../viewer/src/watch.ts', import.meta.url).href}?fake`)).watch
    hooks.deregister()
    home = await newHome()
    other = await newHome()
  })

  type Scene = {
    options: WatchOptions
    offers: string[]
    accepted: string[]
    foreign: number
    confirms: number
    controller: AbortController
  }
  /** `reply` is what the server says to the nth offer; `confirmed` what the far end of the channel says. */
  function scene(parts: {
    reply: (offer: string, n: number) => Promise<Reply<'offer'>>
    confirmed?: (sid: string, th: string) => object | undefined
    fingerprint?: string
  }): Scene {
    const controller = new AbortController()
    const made: Scene = {
      options: undefined as never,
      offers: [],
      accepted: [],
      foreign: 0,
      confirms: 0,
      controller,
    }
    const peer = async (): Promise<Peer> => {
      let handler: (text: string) => void = () => {}
      return {
        offer: description('offer'),
        accept: sdp => void made.accepted.push(sdp),
        open: Promise.resolve(),
        stream: Promise.resolve(stream),
        closed: new Promise(() => {}),
        remoteFingerprint: async () => parts.fingerprint,
        send: text => {
          made.confirms++
          const { jws } = JSON.parse(text) as { jws: string }
          void openEnvelope('os1-confirm', jws, () => home.view.publicKey, home.cam.id).then(
            ({ payload }) => {
              const say = parts.confirmed ?? ((sid: string, th: string) => ({ t: 'confirmed', sid, th }))
              const message = say(payload.sid, payload.th)
              if (message) handler(JSON.stringify(message))
            },
          )
        },
        onMessage: next => {
          handler = next
        },
        stats: async () => new Map() as unknown as RTCStatsReport,
        close: () => {},
      }
    }
    const beacon = seal(
      'os1-beacon',
      { v: 1, iss: home.cam.id, win: randomId(), n: 1, ph: 'A'.repeat(43), fw: '', iat: now() },
      home.cam.sign,
    )
    const ask = async (kind: string, request: { offer?: string }) => {
      if (kind === 'beacon') return { beacon: await beacon }
      made.offers.push(request.offer ?? '')
      return parts.reply(request.offer ?? '', made.offers.length)
    }
    made.options = {
      camera: { camId: home.cam.id, key: home.cam.publicKey },
      view: home.view,
      ask: ask as WatchOptions['ask'],
      peer,
      onForeignAnswer: () => made.foreign++,
      signal: controller.signal,
    }
    return made
  }
  const read = (offer: string) => openEnvelope('os1-offer', offer, () => home.view.publicKey, home.cam.id)
  const answer = async (offer: string, by = home): Promise<Reply<'offer'>> => {
    const parts = { n: 1, r: ['view' as const], exp: now() + 60, sdp: description('answer') }
    return { answer: await sealAnswer(by.cam, await read(offer), parts) }
  }
  const fails = (made: Scene, code: string) =>
    assert.rejects(watch(made.options), (error: { code?: string }) => error.code === code)

  it('is live after one right answer and its confirm', async () => {
    const made = scene({ reply: offer => answer(offer) })
    const session = await watch(made.options)
    assert.equal(session.stream, stream)
    assert.deepEqual([made.offers.length, made.accepted.length, made.confirms, made.foreign], [1, 1, 1, 0])
    made.controller.abort()
  })

  it('M-7.27 attack 2, 3, 6, 12: wrong replies are counted and ignored, the same envelope goes again, the right one wins', async () => {
    const old = await new Promise<string>(resolve => {
      const first = scene({
        reply: async offer => {
          const right = await answer(offer)
          if ('answer' in right) resolve(right.answer)
          return right
        },
      })
      void watch(first.options).then(() => first.controller.abort())
    })
    const impostor = { ...other, cam: { ...other.cam, id: home.cam.id } }
    const wrong: ((offer: string) => Promise<unknown>)[] = [
      async () => ({ answer: old }),
      offer => answer(offer, other),
      offer => answer(offer, impostor),
      async offer => ({ refuse: await sealRefusal(impostor.cam, await read(offer), 'private') }),
      async () => ({ answer: description('answer') }),
    ]
    const made = scene({
      reply: async (offer, n) => ((await wrong[n - 1]?.(offer)) ?? (await answer(offer))) as Reply<'offer'>,
    })
    await watch(made.options)
    assert.equal(made.foreign, wrong.length)
    assert.equal(made.accepted.length, 1)
    assert.equal(new Set(made.offers).size, 1)
    made.controller.abort()
  })

  it('M-7.28 attack 26: without confirmed there is no stream', async () => {
    await fails(scene({ reply: offer => answer(offer), confirmed: () => undefined }), 'not_confirmed')
  })

  it('M-7.28 attack 25: a confirmed with another th or sid is none', async () => {
    const th = await transcript('A'.repeat(43), 'B'.repeat(43))
    const made = scene({ reply: offer => answer(offer), confirmed: sid => ({ t: 'confirmed', sid, th }) })
    await fails(made, 'not_confirmed')
    const sid = randomId()
    await fails(
      scene({ reply: offer => answer(offer), confirmed: (_, mine) => ({ t: 'confirmed', sid, th: mine }) }),
      'not_confirmed',
    )
  })

  it('M-7.29 a signed stale_win earns one more attempt, with a new sid, and no third', async () => {
    const stale = async (offer: string): Promise<Reply<'offer'>> => ({
      refuse: await sealRefusal(home.cam, await read(offer), 'stale_win', randomId()),
    })
    const once = scene({ reply: (offer, n) => (n === 1 ? stale(offer) : answer(offer)) })
    await watch(once.options)
    const [first, second] = await Promise.all(once.offers.map(async each => (await read(each)).payload))
    assert.notEqual(first?.sid, second?.sid)
    assert.notEqual(first?.win, second?.win)
    once.controller.abort()
    const always = scene({ reply: stale })
    const late = delay(5000).then(() => always.controller.abort())
    await fails(always, 'stale_win')
    assert.equal(always.offers.length, 2)
    void late
  })

  it('M-7.30 a certificate that is not the one in the answer ends it before the confirm', async () => {
    const made = scene({ reply: offer => answer(offer), fingerprint: 'AA:BB' })
    await fails(made, 'not_this_camera')
    assert.equal(made.confirms, 0)
  })

  it('a beacon of another camera ends it before an offer is made', async () => {
    const made = scene({ reply: offer => answer(offer) })
    await fails(
      { ...made, options: { ...made.options, camera: { camId: other.cam.id, key: other.cam.publicKey } } },
      'not_this_camera',
    )
    assert.equal(made.offers.length, 0)
  })

  describe('attack 48: LIVE', () => {
    const at = 10_000
    const confirmed = { phase: 'confirmed' as const, confirmedAt: 0 }

    it('M-8.7 attack 48: is said only while heartbeat and frames are both fresh', () => {
      const fresh = { ...confirmed, heartbeatAt: at - 100, frameAt: at - 100 }
      assert.equal(liveState(fresh, at), 'live')
      assert.equal(liveState({ ...fresh, heartbeatAt: at - STALLED_MS - 1 }, at), 'stalled')
      assert.equal(liveState({ ...fresh, frameAt: at - STALLED_MS - 1 }, at), 'stalled')
      assert.equal(liveState({ ...confirmed, frameAt: at }, at), 'stalled')
      assert.ok(STALLED_MS <= 3000)
    })

    it('M-8.7 attack 48: is never said of a session that is not confirmed, or over', () => {
      const fresh = { heartbeatAt: at, frameAt: at }
      assert.equal(liveState({ ...fresh, phase: 'connecting' }, at), 'connecting')
      assert.equal(liveState({ ...fresh, phase: 'ended' }, at), 'ended')
    })
  })
})
