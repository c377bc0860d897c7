import assert from 'node:assert/strict'
import { randomId } from '@ownsight/protocol/bytes'
import { newChallenge } from '@ownsight/protocol/challenge'
import {
  authReply,
  authRequest,
  challenge,
  deliveries,
  hello,
  hint,
  pairMessage,
  presence,
  replies,
  requests,
} from '@ownsight/protocol/events'
import { ENVELOPE_MAX_BYTES } from '@ownsight/protocol/limits'
import * as v from 'valibot'

const rid = randomId()
const cam = 'A'.repeat(43)
const msg = { e: 'a.b.c', m: cam }

describe('protocol: events', () => {
  const good: [string, v.GenericSchema, Record<string, unknown>][] = [
    ['request pair', requests.pair, { rid, msg }],
    ['request offer', requests.offer, { cam, offer: 'a.b.c' }],
    ['request policy', requests.policy, { cam, policy: 'a.b.c' }],
    ['request beacon', requests.beacon, { cam }],
    ['request hold', requests.hold, { rid }],
    ['request bind', requests.bind, { bind: 'a.b.c' }],
    ['request publish', requests.publish, { beacon: 'a.b.c' }],
    ['delivery pair', deliveries.pair, { rid, msg, ticket: rid }],
    ['delivery offer', deliveries.offer, { offer: 'a.b.c' }],
    ['delivery policy', deliveries.policy, { policy: 'a.b.c' }],
    ['reply offer: answer', replies.offer, { answer: 'a.b.c' }],
    ['reply offer: refuse', replies.offer, { refuse: 'a.b.c' }],
    ['reply policy: ack', replies.policy, { ack: 'a.b.c' }],
    ['request relays', requests.relays, {}],
    [
      'reply relays',
      replies.relays,
      { grant: { urls: ['turn:a.example:3478'], username: '1:x', credential: 'c', exp: 1 } },
    ],
    ['request auth', authRequest, { auth: 'a.b.c' }],
    ['reply auth', authReply, { ok: true, build: '0.1.0' }],
    ['reply read', replies.read, { policy: 'a.b.c', status: 'a.b.c' }],
    ['reply read: refused', replies.read, { refused: 'bad_epoch' }],
    ['reply redeem', replies.redeem, { redeemed: 'a.b.c' }],
    ['reply release', replies.release, { released: 'a.b.c' }],
    ['reply join', replies.join, { msg }],
    ['reply hold', replies.hold, { ok: true }],
    ['reply bind', replies.bind, { ok: true }],
    ['reply publish', replies.publish, { ok: true }],
    ['reply: hint', replies.offer, { hint: 'offline' }],
    ['presence', presence, { cam, online: true }],
    ['hello', hello, { agent: 'viewer/0.1.0', versions: [1] }],
  ]
  for (const [name, schema, value] of good) {
    it(`${name}: takes its shape, refuses an unknown member`, () => {
      assert.ok(v.is(schema, value))
      for (const extra of ['extra', 'candidate', 'sdp', 'constructor'])
        assert.ok(!v.is(schema, { ...value, [extra]: 1 }), extra)
    })
  }

  it('attack 23: no event carries a candidate or a bare description', () => {
    const names = [...Object.keys(requests), ...Object.keys(deliveries)]
    assert.deepEqual(
      names.filter(name => /cand|ice|sdp|answer|trickle/.test(name)),
      [],
    )
  })

  it('an envelope is a bounded, non-empty string', () => {
    for (const offer of ['', 'a'.repeat(ENVELOPE_MAX_BYTES + 1), { sdp: 'x' }, 7, null])
      assert.ok(!v.is(requests.offer, { cam, offer }))
    assert.ok(!v.is(pairMessage, { e: 'a.b.c', m: 'short' }))
  })

  it('a hint is one of the known words', () => {
    assert.ok(!v.is(hint, { hint: 'granted' }))
    assert.ok(!v.is(replies.offer, { hint: 'live' }))
  })

  it('a challenge holds 32 random bytes and names its socket', () => {
    const made = newChallenge('socket-1')
    assert.ok(v.is(challenge, made))
    assert.notEqual(newChallenge('socket-1').sn, made.sn)
    assert.ok(!v.is(challenge, { ...made, sock: 'x'.repeat(65) }))
    assert.ok(!v.is(challenge, { ...made, exp: Number.POSITIVE_INFINITY }))
  })

  it('a hello names a known program and its versions', () => {
    for (const value of [
      { agent: 'curl/1', versions: [1] },
      { agent: 'viewer/<b>', versions: [1] },
      { agent: 'viewer/1', versions: [] },
      { agent: 'viewer/1', versions: ['1'] },
      { agent: 'viewer/1', versions: Array.from({ length: 17 }, () => 1) },
    ])
      assert.ok(!v.is(hello, value), JSON.stringify(value))
  })

  it('what a program calls itself, from its first character to its last', () => {
    const says = (agent: string): boolean => v.is(hello, { agent, versions: [1] })
    for (const agent of ['viewer/0.1.0', 'camera-agent/1.0.0-rc.1+b', `viewer/${'1'.repeat(40)}`])
      assert.ok(says(agent))
    for (const agent of [
      'my viewer/1',
      'viewer/1 x',
      'viewer/',
      'viewer',
      `viewer/${'1'.repeat(41)}`,
      'Viewer/1',
      'hub/1',
    ])
      assert.ok(!says(agent), agent)
  })

  it('a reply without its members, or with others in their place, is none', () => {
    for (const schema of [authRequest, authReply, replies.hold, replies.read, replies.join])
      for (const value of [{}, { ok: false, build: 'x' }, { ok: false }, { refused: 1 }])
        assert.ok(!v.is(schema, value), JSON.stringify(value))
  })
})
