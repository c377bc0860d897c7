import assert from 'node:assert/strict'
import { SDP_MAX_BYTES, SDP_MAX_LINE } from '@ownsight/protocol/limits'
import { type LintRules, lintSdp } from '@ownsight/protocol/sdp-lint'
import { description, otherFingerprint } from '../unit/protocol/sdp.ts'

/** One test for each MUST of docs/PROTOCOL.md §9; recorded descriptions of browsers have their own suite. */
describe('conformance: session descriptions', () => {
  const offer: LintRules = { kind: 'offer' }
  const good = description('offer')

  function refused(sdp: string, field: string, rules: LintRules = offer): void {
    const lint = lintSdp(sdp, rules)
    assert.ok(!lint.ok, `accepted: ${field}`)
    assert.equal(lint.code, 'bad_sdp')
    assert.equal(lint.field, field, lint.note)
  }
  const accepted = (sdp: string, rules: LintRules = offer) => {
    const lint = lintSdp(sdp, rules)
    assert.ok(lint.ok, lint.ok ? '' : `${lint.field}: ${lint.note}`)
    return lint
  }
  /** every section's line replaced, or one line put into the first section */
  const changed = (from: string | RegExp, to: string, sdp = good) => {
    const other = sdp.replace(from, to)
    assert.notEqual(other, sdp)
    return other
  }
  const session = (line: string) => changed('t=0 0\r\n', `t=0 0\r\n${line}\r\n`)
  const inVideo = (line: string) => description('offer', { extra: [line] })

  it('takes a plain offer and a plain answer', () => {
    assert.deepEqual(accepted(good).mids, ['0', '1', '2'])
    accepted(description('answer'), { kind: 'answer' })
  })

  it('M-9.1 a description that is too long is refused', () => {
    refused(good + 'a=x\r\n'.repeat(SDP_MAX_BYTES / 5), 'sdp')
  })

  it('M-9.1 a line that is too long is refused', () =>
    refused(inVideo(`a=${'x'.repeat(SDP_MAX_LINE)}`), 'sdp'))

  it('M-9.2 only printable ASCII in lines that end with CRLF', () => {
    refused(inVideo('a=tool:\u0000'), 'sdp')
    refused(inVideo('a=tool:é'), 'sdp')
    refused(good.replaceAll('\r\n', '\n'), 'sdp')
    refused(inVideo('a=x\na=fingerprint:sha-256 AA'), 'sdp')
    refused(inVideo('a=x\ra=y'), 'sdp')
    for (const end of ['\n', '\r']) refused(changed('s=-', `s=-${end}a=ice-lite`), 'sdp')
    refused(inVideo('not a line'), 'sdp')
    refused(inVideo('a=tool:\t'), 'sdp')
    refused(inVideo('a=fingerprint sha-256 AA:BB'), 'sdp')
    refused(inVideo('a= mid:0'), 'sdp')
    for (const name of ['Mid:0', 'mId:0', 'Fingerprint:sha-256 AA', 'ICE-lite'])
      refused(inVideo(`a=${name}`), 'sdp')
    refused(good.slice(0, -2), 'sdp')
    refused(`\r\n${good}`, 'sdp')
  })

  it('M-9.3 one to three sections, of known kinds, each kind once', () => {
    const video = good.slice(good.indexOf('m=video'), good.indexOf('m=audio'))
    refused(good + video, 'm')
    refused(changed(/m=audio[\s\S]*$/, '').concat(video.replace('a=mid:0', 'a=mid:1')), 'm')
    refused(changed('m=audio 9', 'm=text 9'), 'm')
    refused(changed('m=audio 9 UDP/TLS/RTP/SAVPF', 'm=image 9 udptl'), 'm')
  })

  it('M-9.4 media goes over DTLS only', () => {
    for (const proto of ['RTP/AVP', 'RTP/SAVPF', 'RTP/SAVP', 'TCP/TLS/RTP/SAVPF', 'UDP/TLS/RTP/SAVP'])
      refused(changed('m=video 9 UDP/TLS/RTP/SAVPF', `m=video 9 ${proto}`), 'm')
    refused(changed('UDP/DTLS/SCTP', 'TCP/DTLS/SCTP'), 'm')
    refused(changed('webrtc-datachannel', 'other'), 'm')
  })

  it('M-9.5 all sections in one bundle, each with a mid of its own', () => {
    refused(changed('BUNDLE 0 1 2', 'BUNDLE 0 1'), 'group')
    refused(changed('a=group:BUNDLE 0 1 2\r\n', ''), 'group')
    for (const group of ['0 1 2 3', '0 1 9']) refused(changed('BUNDLE 0 1 2', `BUNDLE ${group}`), 'group')
    refused(session('a=group:BUNDLE 0 1 2'), 'group')
    refused(changed('a=mid:1', 'a=mid:0'), 'mid')
  })

  it('M-9.6 RTP and RTCP share one port', () => refused(changed('a=rtcp-mux\r\n', ''), 'rtcp-mux'))

  it('M-9.7 attack 14: exactly one distinct fingerprint, sha-256, in its one spelling', () => {
    const [, own = ''] = /a=fingerprint:sha-256 (\S+)/.exec(good) ?? []
    accepted(session(`a=fingerprint:sha-256 ${own}`))
    const second = [
      `a=fingerprint:sha-256 ${otherFingerprint}`,
      `a=fingerprint:sha-256 ${own.toLowerCase()}`,
      `a=fingerprint:SHA-256 ${own}`,
      `A=fingerprint:sha-256 ${otherFingerprint}`,
      `a=fingerprint:sha-1 ${Array(20).fill('AB').join(':')}`,
      `a=fingerprint:sha-512 ${Array(64).fill('AB').join(':')}`,
      `a=fingerprint: sha-256 ${own}`,
      'a=fingerprint',
    ]
    for (const line of second) {
      assert.ok(!lintSdp(inVideo(line), offer).ok, line)
      assert.ok(!lintSdp(session(line), offer).ok, line)
    }
    refused(good.replace(/a=fingerprint:.*\r\n/g, ''), 'fingerprint')
    refused(good.replaceAll(`sha-256 ${own}`, `sha-1 ${Array(20).fill('AB').join(':')}`), 'fingerprint')
    refused(good.replaceAll(own, own.slice(3)), 'fingerprint')
  })

  it('M-9.8 one distinct ufrag and password', () => {
    refused(inVideo('a=ice-ufrag:othr'), 'ice-ufrag')
    refused(inVideo('a=ice-pwd:cD9xT2mVq7LrKs0PzWnE4uHb'), 'ice-pwd')
    refused(good.replace(/a=ice-pwd:.*\r\n/g, ''), 'ice-pwd')
    refused(good.replace(/a=ice-ufrag:.*/g, 'a=ice-ufrag:a b!'), 'ice-ufrag')
  })

  it('M-9.8 no section takes them from another', () => {
    for (const name of ['fingerprint', 'ice-ufrag', 'ice-pwd']) {
      const line = new RegExp(`a=${name}:.*\\r\\n`)
      const first = line.exec(good)?.[0] ?? ''
      assert.ok(!lintSdp(changed(line, ''), offer).ok, name)
      const rest = good.slice(good.indexOf('m=audio'))
      assert.ok(!lintSdp(good.replace(rest, rest.replace(line, '')), offer).ok, name)
      accepted(good.replaceAll(new RegExp(line, 'g'), '').replace('t=0 0\r\n', `t=0 0\r\n${first}`))
    }
  })

  it('M-9.9 an offer is actpass, an answer passive', () => {
    for (const setup of ['active', 'passive', 'holdconn']) refused(description('offer', { setup }), 'setup')
    for (const setup of ['active', 'actpass'])
      refused(description('answer', { setup }), 'setup', { kind: 'answer' })
    refused(inVideo('a=setup:active'), 'setup')
    refused(good.replace(/a=setup:.*\r\n/g, ''), 'setup')
  })

  it('M-9.10 no way to another key or another identity', () => {
    const lines = [
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj',
      'a=identity:eyJpZHAiOiB9',
      'a=ice-lite',
      'a=key-mgmt:mikey AQAFgM0X',
      'a=zrtp-hash:1.10 fe30efd02423cb05',
    ]
    for (const line of [
      ...lines,
      ...lines.map(each => each.replace('a=', 'a=').toUpperCase().replace('A=', 'a=')),
    ]) {
      assert.ok(!lintSdp(inVideo(line), offer).ok, line)
      assert.ok(!lintSdp(session(line), offer).ok, line)
    }
  })

  it('M-9.11 a viewer sends no video, and audio only with the right to talk', () => {
    for (const video of ['sendrecv', 'sendonly']) refused(description('offer', { video }), 'direction')
    for (const audio of ['sendrecv', 'sendonly']) {
      refused(description('offer', { audio }), 'direction')
      accepted(description('offer', { audio }), { kind: 'offer', talk: true })
    }
    for (const video of ['sendrecv', 'recvonly'])
      refused(description('answer', { video }), 'direction', { kind: 'answer', talk: true })
    refused(description('answer', { audio: 'sendrecv' }), 'direction', { kind: 'answer' })
  })

  it('M-9.11 a section without a direction has that of the session, else sendrecv', () => {
    const none = good.replaceAll('a=recvonly\r\n', '')
    refused(none, 'direction')
    accepted(none.replace('t=0 0\r\n', 't=0 0\r\na=recvonly\r\n'))
    refused(none.replace('t=0 0\r\n', 't=0 0\r\na=sendrecv\r\n'), 'direction')
    refused(inVideo('a=sendrecv'), 'direction')
  })

  it('M-9.13 an answer may reject sound, outside of the bundle, and only that', () => {
    const answer = description('answer')
    const rejected = answer
      .replace('m=audio 9', 'm=audio 0')
      .replace('BUNDLE 0 1 2', 'BUNDLE 0 2')
      .replace(/(m=audio[\s\S]*?)a=sendonly/, '$1a=inactive')
    const rules = { kind: 'answer' } as const
    const lint = accepted(rejected, rules)
    assert.deepEqual(
      lint.media.map(each => each.rejected),
      [false, true, false],
    )
    refused(rejected.replace('BUNDLE 0 2', 'BUNDLE 0 1 2'), 'group', rules)
    refused(rejected.replace('a=inactive', 'a=sendonly'), 'direction', rules)
    refused(rejected.replace('m=audio 0', 'm=audio 9'), 'group', rules)
    refused(answer.replace('m=video 9', 'm=video 0').replace('BUNDLE 0 1 2', 'BUNDLE 1 2'), 'group', rules)
    refused(good.replace('m=audio 9', 'm=audio 0').replace('BUNDLE 0 1 2', 'BUNDLE 0 2'), 'group')
  })

  it('M-9.13 an answer names no form of sound but Opus and G.711', () => {
    const answer = description('answer')
    for (const name of ['PCMU/8000', 'PCMA/8000', 'opus/48000/2'])
      accepted(answer.replace('opus/48000/2', name), { kind: 'answer' })
    for (const name of ['G722/8000', 'red/48000/2', 'telephone-event/8000', 'L16/44100']) {
      refused(answer.replace('opus/48000/2', name), 'rtpmap', { kind: 'answer' })
      accepted(good.replace('opus/48000/2', name))
    }
  })

  it('M-9.12 attack 24: unusable candidates are deleted whole, and nothing else is changed', () => {
    const unusable = [
      '1 1 tcp 1 192.0.2.9 9 typ host tcptype active',
      '1 1 tcp 1 192.0.2.9 50000 typ host tcptype passive',
      '1 2 udp 1 192.0.2.9 50000 typ host',
      '1 1 udp 1 127.0.0.1 50000 typ host',
      '1 1 udp 1 0.0.0.0 50000 typ host',
      '1 1 udp 1 169.254.169.254 50000 typ host',
      '1 1 udp 1 224.0.0.251 50000 typ host',
      '1 1 udp 1 255.255.255.255 50000 typ host',
      '1 1 udp 1 ::1 50000 typ host',
      '1 1 udp 1 fe80::1 50000 typ host',
      '1 1 udp 1 ff02::fb 50000 typ host',
      '1 1 udp 1 fd00:ec2::254 50000 typ host',
      '1 1 udp 1 ::ffff:127.0.0.1 50000 typ host',
      '1 1 udp 1 ::ffff:7f00:1 50000 typ host',
      '1 1 udp 1 2130706433 50000 typ host',
      '1 1 udp 1 0177.0.0.1 50000 typ host',
      '1 1 udp 1 012.0.0.5 50000 typ host',
      '1 1 udp 1 192.0.2.9 53 typ host',
      '1 1 udp 1 192.0.2.9 70000 typ host',
      '1 1 udp 1 5e2c0a1b.local 50000 typ host',
      '1 1 udp 1 metadata.example 50000 typ host',
      'junk',
    ].map(each => `a=candidate:${each}`)
    const usable = ['192.0.2.9', '10.0.0.5', '2001:db8::5', 'fd12:3456::1'].map(
      address => `a=candidate:1 1 udp 1 ${address} 50000 typ host`,
    )
    const lint = accepted(description('offer', { extra: [...unusable, ...usable] }))
    for (const line of unusable) assert.ok(!lint.sdp.includes(`${line}\r\n`), line)
    for (const line of usable) assert.ok(lint.sdp.includes(`${line}\r\n`), line)
    const rest = (sdp: string) => sdp.split('\r\n').filter(line => !line.startsWith('a=candidate:'))
    assert.deepEqual(rest(lint.sdp), rest(good))
    assert.equal(lint.dropped, unusable.length + 1)
  })
})
