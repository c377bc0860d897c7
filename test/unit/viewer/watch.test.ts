import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openEnvelope, seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { newSid, sealAnswer, sealConfirm, sealRefusal } from '@ownsight/protocol/session'
import type { Peer } from '../../../viewer/src/rtc/peer.ts'
import { type WatchOptions, watch } from '../../../viewer/src/watch.ts'

const answerSdp = readFileSync(new URL('./answer.sdp', import.meta.url), 'utf8')
  .replaceAll('\r\n', '\n')
  .replaceAll('\n', '\r\n')
const FINGERPRINT = /a=fingerprint:sha-256 (\S+)/.exec(answerSdp)?.[1]

type FakePeer = Peer & {
  accepted: string[]
  sent: string[]
  deliver(text: string): void
  closedByUs: boolean
}

/** Stands for the browser's WebRTC: opens when it gets an answer, and records what it is told. */
function fakePeer(): FakePeer {
  const open = Promise.withResolvers<void>()
  let handler: (text: string) => void = () => undefined
  const peer: FakePeer = {
    offer: 'v=0\r\n',
    accepted: [],
    sent: [],
    closedByUs: false,
    accept(sdp) {
      peer.accepted.push(sdp)
      open.resolve()
    },
    open: open.promise,
    stream: Promise.resolve({} as MediaStream),
    closed: new Promise(() => undefined),
    remoteFingerprint: async () => FINGERPRINT,
    send: text => void peer.sent.push(text),
    onMessage: next => {
      handler = next
    },
    stats: async () => new Map() as unknown as RTCStatsReport,
    close: () => {
      peer.closedByUs = true
    },
    deliver: text => handler(text),
  }
  return peer
}

describe('watch', () => {
  let cam: KeyPair
  let other: KeyPair
  let view: KeyPair
  let stranger: KeyPair
  const win = newSid()
  before(async () => {
    ;[cam, other, view, stranger] = await Promise.all([
      generateKeyPair(),
      generateKeyPair(),
      generateKeyPair(),
      generateKeyPair(),
    ])
  })
  const beaconOf = (key: KeyPair) =>
    seal('os1-beacon', { v: 1, iss: key.id, win, n: 1, ph: key.id, fw: 'test', iat: 1 }, key.sign)
  const openOffer = (offer: string) => openEnvelope('os1-offer', offer, () => view.publicKey, cam.id)
  const answerTo = async (offer: string, key = cam): Promise<string> =>
    sealAnswer(key, await openOffer(offer), { n: 1, r: ['view'], exp: 2_000_000_000, sdp: answerSdp })

  type Script = (
    offer: string,
    copy: number,
  ) => Promise<{ answer: string } | { refuse: string } | { hint: 'no_reply' }>

  function start(script: Script, beacon = beaconOf(cam)) {
    const peers: FakePeer[] = []
    const offers: string[] = []
    let foreign = 0
    const ask = async (kind: string, request: { offer?: string }) => {
      if (kind === 'beacon') return { beacon: await beacon }
      offers.push(request.offer ?? '')
      return script(request.offer ?? '', offers.length - 1)
    }
    const options: WatchOptions = {
      camera: { camId: cam.id, key: cam.publicKey },
      view,
      ask: ask as WatchOptions['ask'],
      peer: async () => {
        const peer = fakePeer()
        peers.push(peer)
        return peer
      },
      onForeignAnswer: () => foreign++,
      signal: new AbortController().signal,
    }
    return { session: watch(options), peers, offers, foreign: () => foreign }
  }

  /** Waits until the confirm was sent, then answers it as the camera would. */
  async function confirm(peer: FakePeer, offer: string, answer: string, th?: string): Promise<void> {
    while (peer.sent.length === 0) await new Promise(resolve => setImmediate(resolve))
    const { payload, hash: oh } = await openOffer(offer)
    const { hash: ah } = await openEnvelope('os1-answer', answer, () => cam.publicKey, view.id)
    const right = (await sealConfirm(view, { camId: cam.id, sid: payload.sid, oh, ah })).th
    peer.deliver(JSON.stringify({ t: 'confirmed', sid: payload.sid, th: th ?? right }))
  }

  it('reaches a confirmed session, one answer applied once', async () => {
    let answer = ''
    const run = start(async offer => {
      answer = await answerTo(offer)
      return { answer: answer }
    })
    while (run.peers[0]?.sent.length !== 1) await new Promise(resolve => setImmediate(resolve))
    const [peer] = run.peers
    assert.ok(peer)
    await confirm(peer, run.offers[0] ?? '', answer)
    assert.equal((await run.session).camId, cam.id)
    assert.equal(peer.accepted.length, 1)
  })

  const ignored: [string, (offer: string) => Promise<string>][] = [
    [
      'attack 2: the answer of another session of the same camera',
      async () => {
        const offer = await seal(
          'os1-offer',
          {
            v: 1,
            iss: view.id,
            aud: cam.id,
            sid: newSid(),
            win,
            iat: 1,
            want: ['view'],
            start: 'now',
            sdp: 'v=0',
          },
          view.sign,
        )
        return answerTo(offer)
      },
    ],
    ["attack 3: another camera's answer", offer => answerTo(offer, other)],
    ['attack 12: an answer by a key that is no camera of ours', offer => answerTo(offer, stranger)],
    ['attack 19: an answer that is no envelope', async () => 'v=0'],
    ['attack 20: a beacon in place of an answer', () => beaconOf(cam)],
  ]
  for (const [name, wrong] of ignored) {
    it(`${name} is ignored and counted, and the right one still wins`, async () => {
      let right = ''
      const run = start(async (offer, copy) => {
        if (copy === 0) return { answer: await wrong(offer) }
        right = await answerTo(offer)
        return { answer: right }
      })
      while ((run.peers[0]?.sent.length ?? 0) === 0) await new Promise(resolve => setImmediate(resolve))
      assert.equal(run.foreign(), 1)
      assert.equal(run.offers[0], run.offers[1], 'the same envelope is sent again')
      const [peer] = run.peers
      assert.ok(peer)
      await confirm(peer, run.offers[1] ?? '', right)
      await run.session
      assert.equal(peer.accepted.length, 1)
    })
  }

  it('attack 6: an old answer is nothing to a new attempt', async () => {
    let old = ''
    const first = start(async offer => {
      old = await answerTo(offer)
      return { answer: old }
    })
    while ((first.peers[0]?.sent.length ?? 0) === 0) await new Promise(resolve => setImmediate(resolve))
    const [peer] = first.peers
    assert.ok(peer)
    await confirm(peer, first.offers[0] ?? '', old)
    await first.session
    let right = ''
    const second = start(async (offer, copy) => {
      if (copy > 0) right = await answerTo(offer)
      return { answer: copy === 0 ? old : right }
    })
    while ((second.peers[0]?.sent.length ?? 0) === 0) await new Promise(resolve => setImmediate(resolve))
    assert.equal(second.foreign(), 1)
    await confirm(second.peers[0] as FakePeer, second.offers[0] ?? '', right)
    await second.session
  })

  it('attack 12: a beacon of another camera stops the attempt before anything is offered', async () => {
    const run = start(async offer => ({ answer: await answerTo(offer) }), beaconOf(other))
    await assert.rejects(run.session, { code: 'not_this_camera' })
    assert.equal(run.offers.length, 0)
  })

  it('attack 25: a confirmed over another transcript draws nothing', async () => {
    let answer = ''
    const run = start(async offer => {
      answer = await answerTo(offer)
      return { answer: answer }
    })
    while ((run.peers[0]?.sent.length ?? 0) === 0) await new Promise(resolve => setImmediate(resolve))
    const [peer] = run.peers
    assert.ok(peer)
    await confirm(peer, run.offers[0] ?? '', answer, other.id)
    await assert.rejects(run.session, { code: 'not_confirmed' })
  }).timeout(15_000)

  it('a DTLS peer with another certificate than the signed one is refused', async () => {
    const run = start(async offer => ({ answer: await answerTo(offer) }))
    while (run.peers.length === 0) await new Promise(resolve => setImmediate(resolve))
    const [peer] = run.peers
    assert.ok(peer)
    peer.remoteFingerprint = async () => `${'00:'.repeat(31)}00`
    await assert.rejects(run.session, { code: 'not_this_camera' })
    assert.equal(peer.sent.length, 0, 'no confirm goes to it')
  })

  it('a signed stale_win earns one more attempt with a new sid; a second one ends it', async () => {
    const run = start(async offer => ({
      refuse: await sealRefusal(cam, await openOffer(offer), 'stale_win', newSid()),
    }))
    await assert.rejects(run.session, { code: 'stale_win' })
    assert.equal(run.offers.length, 2)
    const sids = await Promise.all(run.offers.map(async offer => (await openOffer(offer)).payload.sid))
    assert.notEqual(sids[0], sids[1])
  })

  it('a refusal that the camera did not sign is no refusal', async () => {
    const run = start(async (offer, copy) =>
      copy === 0
        ? { refuse: await sealRefusal(other, await openOffer(offer), 'no_right') }
        : { answer: await answerTo(offer) },
    )
    while ((run.peers[0]?.sent.length ?? 0) === 0) await new Promise(resolve => setImmediate(resolve))
    assert.equal(run.foreign(), 1)
  })
})
