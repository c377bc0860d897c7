import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { addressKey, clientAddress, judgeOrigin } from '@ownsight/signaling/origin-guard'

const request = (headers: Record<string, string>, remoteAddress = '10.0.0.1') =>
  ({ headers, socket: { remoteAddress } }) as unknown as IncomingMessage

describe('origin guard', () => {
  const own = 'https://watch.example'
  const host = 'watch.example'

  it('knows its own', () => {
    assert.equal(judgeOrigin(request({ host }), own, false), undefined)
    assert.equal(judgeOrigin(request({ host, origin: own }), own, true), undefined)
    assert.equal(judgeOrigin(request({ host, 'sec-fetch-site': 'same-origin' }), own, true), undefined)
  })

  it('refuses another host, with or without a fitting origin', () => {
    for (const other of [
      'evil.example',
      'watch.example:8480',
      'watch.example.evil.example',
      'watch.example@evil',
      '',
    ])
      assert.equal(judgeOrigin(request({ host: other, origin: own }), own, false), 'host', other)
    assert.equal(judgeOrigin(request({}), own, false), 'host')
  })

  it('refuses another origin even where nothing changes', () => {
    for (const origin of [
      'null',
      'http://watch.example',
      'https://watch.example:8443',
      'https://evil.example',
    ])
      assert.equal(judgeOrigin(request({ host, origin }), own, false), 'origin', origin)
  })

  it('an unsafe request has to say where it comes from', () => {
    assert.equal(judgeOrigin(request({ host }), own, true), 'origin')
    for (const site of ['cross-site', 'same-site', 'none'])
      assert.equal(
        judgeOrigin(request({ host, origin: own, 'sec-fetch-site': site }), own, true),
        'origin',
        site,
      )
  })

  it('believes the last hop alone, and only behind a proxy', () => {
    const claimed = { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' }
    assert.equal(clientAddress(request(claimed), false), '10.0.0.1')
    assert.equal(clientAddress(request(claimed), true), '203.0.113.9')
    assert.equal(clientAddress(request({}), true), '10.0.0.1')
    assert.equal(clientAddress(request({ 'x-forwarded-for': '198.51.100.1, <script>' }), true), '10.0.0.1')
  })

  it('counts a household as one', () => {
    assert.equal(addressKey('203.0.113.9'), '203.0.113.9')
    assert.equal(addressKey('::ffff:203.0.113.9'), '203.0.113.9')
    assert.equal(addressKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2')
    assert.equal(addressKey('2001:db8:1:2::9'), '2001:db8:1:2')
    assert.equal(addressKey('2001:0DB8::1'), '2001:db8:0:0')
    assert.equal(addressKey('::1'), '0:0:0:0')
  })
})
