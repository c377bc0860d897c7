import assert from 'node:assert/strict'
import { FAULT_CODES } from '@ownsight/protocol/errors'
import { SDP_MAX_BYTES } from '@ownsight/protocol/limits'
import { id22, id43, isRefuseCode, isTyp, schemas, type Typ } from '@ownsight/protocol/messages'
import * as v from 'valibot'
import { type Home, newHome, samples } from './fixtures.ts'

describe('protocol: messages', () => {
  let home: Home
  before(async () => {
    home = await newHome()
  })
  const takes = (typ: Typ, change: object) => v.is(schemas[typ], { ...samples(home)[typ], ...change })

  it('takes a sample of each type', () => {
    for (const typ of Object.keys(schemas) as Typ[]) assert.ok(takes(typ, {}), typ)
  })

  it('knows its own types and no name of Object.prototype', () => {
    for (const typ of Object.keys(schemas)) assert.ok(isTyp(typ))
    for (const name of ['toString', '__proto__', 'constructor', 'os1-candidate', '']) assert.ok(!isTyp(name))
  })

  it('every key is two coordinates of 43 characters in their one spelling', () => {
    const { x, y } = home.cam.publicKey
    for (const key of [
      { x },
      { x, y: '' },
      { x, y: `${y}=` },
      { x, y, kid: 'k' },
      { x, y: `${y.slice(0, 42)}B` },
      null,
    ])
      assert.ok(!takes('os1-pair2', { cam: key }), JSON.stringify(key))
  })

  it('an id is of its alphabet from its first character to its last', () => {
    for (const id of [id22, id43]) {
      const length = id === id22 ? 22 : 43
      assert.ok(v.is(id, '-_Az09'.padEnd(length, 'A')))
      for (const bad of ['!', ' ', '=', '+']) {
        assert.ok(!v.is(id, bad.padEnd(length, 'A')))
        assert.ok(!v.is(id, bad.padStart(length, 'A')))
      }
      assert.ok(!v.is(id, 'A'.repeat(length - 1)))
      assert.ok(!v.is(id, 'A'.repeat(length + 1)))
    }
  })

  it('a firmware’s name is printable ASCII, a counter’s code small letters', () => {
    for (const fw of ['', '0.1.0', ' ~']) assert.ok(takes('os1-beacon', { fw }), fw)
    for (const fw of ['\u001f1', '1\u007f', 'é1', '1é', '1'.repeat(65)])
      assert.ok(!takes('os1-beacon', { fw }), fw)
    const c = (code: string) => ({ c: { live: 1, ended: 1, foreign: 0, refused: { [code]: 1 } } })
    for (const code of ['a', 'a_b', 'a'.repeat(32)]) assert.ok(takes('os1-head', c(code)), code)
    for (const code of ['', ' a', 'a b', 'A', 'a'.repeat(33)]) assert.ok(!takes('os1-head', c(code)), code)
  })

  it('a hub may be given view and audio, and nothing else', () => {
    const hub = { k: home.view.publicKey, link: 'A'.repeat(22), prov: 'whep', exp: 1, lan: true }
    const hubs = (r: unknown, more = {}) => takes('os1-policy', { hubs: [{ ...hub, r, ...more }] })
    for (const r of [[], ['view'], ['view', 'audio']]) assert.ok(hubs(r), String(r))
    for (const r of [['talk'], ['ptz'], [''], 'view']) assert.ok(!hubs(r), String(r))
    for (const prov of ['google', 'alexa', 'whep']) assert.ok(hubs(['view'], { prov }))
    assert.ok(!hubs(['view'], { prov: '' }))
  })

  it('an origin is scheme, host and port, nothing else', () => {
    for (const origin of ['https://a.example', 'http://127.0.0.1:8080', 'https://[::1]:1'])
      assert.ok(takes('os1-auth', { origin }), origin)
    for (const origin of [
      'my https://a.example',
      'https://a.example/',
      'ftp://a',
      'a.example',
      'https://u@a',
      'https://a?b',
      'null',
      'https://',
    ])
      assert.ok(!takes('os1-auth', { origin }), origin)
  })

  it('rights are a set of known words', () => {
    assert.ok(takes('os1-offer', { want: ['view', 'talk'] }))
    for (const want of [['view', 'view'], ['admin'], 'view', [['view']]])
      assert.ok(!takes('os1-offer', { want }))
  })

  it('an epoch and a time are whole numbers in range', () => {
    for (const n of [0, -1, 1.5, 2 ** 53, '1', Number.NaN]) assert.ok(!takes('os1-ack', { n }), String(n))
    for (const iat of [-1, 0.5, 2 ** 53, '0']) assert.ok(!takes('os1-ack', { iat }), String(iat))
  })

  it('an SDP is bounded', () => {
    assert.ok(takes('os1-offer', { sdp: 'a'.repeat(SDP_MAX_BYTES) }))
    assert.ok(!takes('os1-offer', { sdp: 'a'.repeat(SDP_MAX_BYTES + 1) }))
  })

  it('a refusal never says that a viewer is unknown or that a signature was wrong', () => {
    const told = FAULT_CODES.filter(isRefuseCode)
    for (const code of told) assert.ok(takes('os1-refuse', { code }))
    for (const code of ['bad_form', 'bad_type', 'wrong_aud', 'unknown_viewer', 'bad_sig'] as const) {
      assert.ok(!isRefuseCode(code))
      assert.ok(!takes('os1-refuse', { code }))
    }
  })
})
