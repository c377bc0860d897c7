import assert from 'node:assert/strict'
import { type Findings, type Verdict, verdictOf } from '../../../viewer/src/connection-test.ts'

const GOOD: Findings = {
  signaling: 12,
  lent: true,
  own: true,
  public: true,
  mapping: 'one',
  relay: ['udp', 'tcp'],
}

describe('the verdict on a connection', () => {
  const rows: [Verdict['code'], Partial<Findings>][] = [
    ['good', {}],
    ['good', { public: false }],
    ['offline', { signaling: undefined }],
    ['offline', { signaling: undefined, lent: false, own: false, relay: [] }],
    ['no_network', { own: false, public: false, relay: [] }],
    ['no_relay', { lent: false, public: false, relay: [] }],
    ['relay_away', { relay: [] }],
    ['relay_away', { public: false, relay: [] }],
    ['udp_blocked', { public: false, relay: ['tcp', 'tls'] }],
    ['udp_blocked', { public: false, relay: ['tls'] }],
  ]
  for (const [code, found] of rows)
    it(`${code}: ${JSON.stringify(found)}`, () => {
      const verdict = verdictOf({ ...GOOD, ...found })
      assert.equal(verdict.code, code)
      assert.match(verdict.sentence, /^[A-Z].*\.$/)
    })

  it('names the way that is left', () => {
    assert.match(verdictOf({ ...GOOD, public: false, relay: ['tls'] }).sentence, /by TLS/)
    assert.match(verdictOf({ ...GOOD, public: false, relay: ['tcp', 'tls'] }).sentence, /by TCP/)
  })
})
