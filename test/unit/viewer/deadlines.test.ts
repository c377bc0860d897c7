import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openEnvelope, seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { CONFIRMING_MS, CONNECTING_MS, GATHER_MS, OFFERED_MS } from '@ownsight/protocol/limits'
import { newSid, sealAnswer } from '@ownsight/protocol/session'
import { DEADLINES } from '../../../viewer/src/deadlines.ts'
import { iceOf, roundTripOf } from '../../../viewer/src/rtc/stats.ts'
import { type WatchOptions, watch } from '../../../viewer/src/watch.ts'
import { until } from '../../support/wait.ts'

const answerSdp = readFileSync(new URL('./answer.sdp', import.meta.url), 'utf8').replaceAll(/\r?\n/g, '\r\n')
const FINGERPRINT = /a=fingerprint:sha-256 (\S+)/.exec(answerSdp)?.[1]

/** Each step of opening that never comes about, with deadlines of a few milliseconds. */
describe('deadlines of opening', () => {
  let cam: KeyPair
  let view: KeyPair
  before(async () => {
    ;[cam, view] = await Promise.all([generateKeyPair(), generateKeyPair()])
  })
  const never = <T>(): Promise<T> => new Promise(() => undefined)
  const ms = { beacon: 30, gathering: 30, answer: 60, path: 30, channel: 60, confirm: 30, picture: 30 }

  type Stuck = 'beacon' | 'gathering' | 'answer' | 'path' | 'channel' | 'confirm' | 'picture'
  function start(stuck: Stuck, stats: object[] = [], onOffer?: (signal: AbortSignal) => void) {
    let handler: (text: string) => void = () => undefined
    const ask = async (kind: string, request: { offer: string }, signal: AbortSignal): Promise<unknown> => {
      if (kind === 'offer') onOffer?.(signal)
      if (kind === 'beacon') {
        if (stuck === 'beacon') return never()
        const beacon = { v: 1, iss: cam.id, win: newSid(), n: 1, ph: cam.id, fw: 'test', iat: 1 } as const
        return { beacon: await seal('os1-beacon', beacon, cam.sign) }
      }
      if (stuck === 'answer') return never()
      const offer = await openEnvelope('os1-offer', request.offer, () => view.publicKey, cam.id)
      return {
        answer: await sealAnswer(cam, offer, { n: 1, r: ['view'], exp: 2_000_000_000, sdp: answerSdp }),
      }
    }
    const peer = {
      offer: 'v=0\r\n',
      accept: () => undefined,
      open: stuck === 'path' || stuck === 'channel' ? never() : Promise.resolve(),
      stream: stuck === 'picture' ? never() : Promise.resolve({}),
      closed: never(),
      remoteFingerprint: async () => FINGERPRINT,
      send: (text: string) => {
        if (stuck === 'confirm') return
        const { sid, th } = JSON.parse(
          atob(JSON.parse(text).jws.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')),
        )
        handler(JSON.stringify({ t: 'confirmed', sid, th }))
      },
      onMessage: (next: typeof handler) => {
        handler = next
      },
      stats: async () => new Map(stats.map((each, i) => [i, each])),
      close: () => undefined,
    }
    return watch({
      camera: { camId: cam.id, key: cam.publicKey },
      view,
      ask: ask as unknown as WatchOptions['ask'],
      peer: async () => (stuck === 'gathering' ? never() : (peer as never)),
      deadlines: ms,
      signal: new AbortController().signal,
    })
  }

  for (const [stuck, code] of [
    ['beacon', 'no_reply'],
    ['gathering', 'no_path'],
    ['answer', 'no_reply'],
    ['channel', 'no_channel'],
    ['confirm', 'not_confirmed'],
    ['picture', 'no_picture'],
  ] as const) {
    it(`${stuck} that does not come is ${code}`, () => assert.rejects(start(stuck), { code }))
  }

  it('an offer that still waits when the answer is late is not sent any more', async () => {
    let given: AbortSignal | undefined
    const attempt = start('answer', [], signal => {
      given = signal
    })
    await assert.rejects(attempt)
    await until(() => given?.aborted, { timeout: 5000, what: 'the end of the offer' })
  })

  it('a path that is not found is no_path before the channel’s time is up', async () => {
    await assert.rejects(start('path', [{ type: 'transport', iceState: 'checking' }]), { code: 'no_path' })
    await assert.rejects(start('path', [{ type: 'candidate-pair', state: 'in-progress' }]), {
      code: 'no_path',
    })
  })
  it('a path that is found, or that nothing is said of, has the channel’s time', async () => {
    await assert.rejects(start('path', [{ type: 'transport', iceState: 'connected' }]), {
      code: 'no_channel',
    })
    await assert.rejects(start('path'), { code: 'no_channel' })
  })

  it('are within the bounds of the protocol', () => {
    assert.ok(DEADLINES.answer <= OFFERED_MS)
    assert.ok(DEADLINES.channel <= CONNECTING_MS)
    assert.ok(DEADLINES.path < DEADLINES.channel)
    assert.ok(DEADLINES.confirm <= CONFIRMING_MS)
    assert.ok(DEADLINES.gathering > GATHER_MS, 'gathering itself ends first')
  })
})

describe('statistics of a path', () => {
  const report = (...all: object[]) => new Map(all.map((each, i) => [String(i), each])) as never
  it('say how far ICE has come, by the transport or else by its pairs', () => {
    assert.equal(iceOf(report({ type: 'transport', iceState: 'disconnected' })), 'disconnected')
    assert.equal(
      iceOf(report({ type: 'transport' }, { type: 'candidate-pair', state: 'succeeded' })),
      'connected',
    )
    assert.equal(iceOf(report({ type: 'codec' })), undefined)
  })
  it('say the round trip of the pair in use', () => {
    const pair = { type: 'candidate-pair', currentRoundTripTime: 0.05 }
    assert.equal(roundTripOf(report({ ...pair, nominated: true })), 50)
    assert.equal(roundTripOf(report(pair)), undefined)
  })
})
