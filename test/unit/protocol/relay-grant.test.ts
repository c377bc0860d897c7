import assert from 'node:assert/strict'
import { parseRelayUrl, relayGrant } from '@ownsight/protocol/relay-grant'
import * as v from 'valibot'

const grant = (urls: unknown) => ({
  urls,
  username: '1700000000:ab',
  credential: 'c2VjcmV0',
  exp: 1_700_000_000,
})

describe('protocol: relay grant', () => {
  it('takes STUN and TURN addresses of the two RFCs, and nothing else', () => {
    for (const url of [
      'stun:relay.example',
      'turn:relay.example:3478',
      'turn:192.0.2.1:80?transport=tcp',
      'turns:relay.example:443?transport=tcp',
      'turn:[2001:db8::1]:3478?transport=udp',
    ])
      assert.ok(v.is(relayGrant, grant([url])), url)
    for (const url of [
      'http://relay.example',
      'turn://relay.example',
      'turn:relay.example:3478?transport=sctp',
      'turn:user@relay.example',
      'turn:relay.example:0',
      'turn:relay example',
      'turn:',
      'xturn:relay.example',
      'stun:relay.example/',
      'turn:relay.example:3478 ',
      `turn:${'a'.repeat(400)}`,
      7,
    ])
      assert.ok(!v.is(relayGrant, grant([url])), String(url))
    assert.ok(!v.is(relayGrant, grant([])))
    assert.ok(!v.is(relayGrant, grant(Array(9).fill('stun:relay.example'))))
  })

  it('reads host, port and transport, with the default ports', () => {
    const parts = (url: string) => Object.values(parseRelayUrl(url))
    assert.deepEqual(parts('stun:relay.example'), ['stun', 'relay.example', 3478, 'udp'])
    assert.deepEqual(parts('turn:relay.example:99?transport=tcp'), ['turn', 'relay.example', 99, 'tcp'])
    assert.deepEqual(parts('turns:relay.example'), ['turn', 'relay.example', 5349, 'tls'])
    assert.deepEqual(parts('turn:[2001:db8::1]:3478'), ['turn', '2001:db8::1', 3478, 'udp'])
  })
})
