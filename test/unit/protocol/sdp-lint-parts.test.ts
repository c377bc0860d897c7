import assert from 'node:assert/strict'
import { SDP_MAX_BYTES, SDP_MAX_LINE } from '@ownsight/protocol/limits'
import { type LintRules, lintSdp } from '@ownsight/protocol/sdp-lint'
import { description } from './sdp.ts'

const offer: LintRules = { kind: 'offer' }
const good = description('offer')

/** What the lint says of each part by itself: which field, in which words, from which character to which. */
describe('protocol: the parts of a description', () => {
  const lint = (sdp: string, rules = offer) => {
    const found = lintSdp(sdp, rules)
    assert.ok(found.ok, found.ok ? '' : `${found.field}: ${found.note}`)
    return found
  }
  function refused(sdp: string, field: string, note = /\S \S/, rules = offer): void {
    const found = lintSdp(sdp, rules)
    assert.ok(!found.ok, 'accepted')
    assert.deepEqual([found.code, found.field], ['bad_sdp', field], found.note)
    assert.match(found.note, note)
  }
  const inVideo = (...extra: string[]): string => description('offer', { extra })
  const session = (line: string): string => good.replace('t=0 0\r\n', `t=0 0\r\n${line}\r\n`)
  const every = (name: string, value: string): string =>
    good.replaceAll(new RegExp(`a=${name}:.*`, 'g'), `a=${name}:${value}`)

  it('what it found: the fingerprint, the ufrag, the sections, the candidates, how many were dropped', () => {
    const found = lint(
      inVideo(
        'a=rtpmap:97 h264/90000',
        'a=rtpmap:98 VP8/90000',
        'a=rtpmap:nonsense',
        'a=rtpmap:x9 G722/8000',
        'a=rtpmap:9 -/1',
      ),
    )
    assert.equal(found.fingerprint, /sha-256 (\S+)/.exec(good)?.[1])
    assert.deepEqual([found.ufrag, found.mids, found.dropped], ['Yb3q', ['0', '1', '2'], 1])
    assert.deepEqual(found.candidates, [{ address: '192.0.2.7', port: 50_000, type: 'host' }])
    assert.deepEqual(found.media, [
      { kind: 'video', mid: '0', direction: 'recvonly', codecs: ['VP8', 'H264', '-'], rejected: false },
      { kind: 'audio', mid: '1', direction: 'recvonly', codecs: ['OPUS'], rejected: false },
      { kind: 'application', mid: '2', direction: 'sendrecv', codecs: [], rejected: false },
    ])
  })

  it('lengths: just as long as is allowed, and one more', () => {
    const room = SDP_MAX_LINE - 'a=x:'.length
    const full = inVideo(`a=x:${'y'.repeat(room)}`)
    lint(full)
    refused(inVideo(`a=x:${'y'.repeat(room + 1)}`), 'sdp', /line within 2048/)
    const lines: string[] = []
    let missing = SDP_MAX_BYTES - good.length
    for (; missing > 2 * SDP_MAX_LINE; missing -= SDP_MAX_LINE + 2) lines.push(`a=x:${'y'.repeat(room)}`)
    lines.push(`a=x:${'y'.repeat(Math.floor(missing / 2) - 6)}`)
    const last = missing - (Math.floor(missing / 2) - 6) - 12
    assert.equal(inVideo(...lines, `a=x:${'y'.repeat(last)}`).length, SDP_MAX_BYTES)
    lint(inVideo(...lines, `a=x:${'y'.repeat(last)}`))
    refused(inVideo(...lines, `a=x:${'y'.repeat(last + 1)}`), 'sdp', /within 16384/)
  })

  it('characters: printable ASCII from the first to the last', () => {
    lint(inVideo('a=x: ~'))
    for (const odd of ['\u001f', '\u007f', 'é', '\u0000']) {
      refused(inVideo(`a=x:${odd}`), 'sdp', /ASCII/)
      refused(`${odd}${good}`, 'sdp', /ASCII/)
      refused(`${good}${odd}`, 'sdp', /ASCII/)
    }
  })

  it('lines: a small letter, =, a value, CRLF; attributes in lower case', () => {
    for (const line of ['ab=c', 'X=y', 'x', '=x', '1=x']) refused(inVideo(line), 'sdp', /letter/)
    for (const line of ['a=', 'a=Mid:0', 'a= mid:0', 'a=x y', 'a=:x', 'a=Mid:a=mid:0'])
      refused(inVideo(line), 'sdp', /lower case/)
    lint(inVideo('a=x', 'a=x:', "a=!#$%&'*+.^_`{|}~0-z:y", 'b=AS:1'))
    refused(good.slice(0, -2), 'sdp', /CRLF/)
    refused(good.slice(0, -1), 'sdp', /CRLF/)
    refused(inVideo('a=x\ry'), 'sdp', /CRLF/)
    refused(inVideo('a=x\ny'), 'sdp', /CRLF/)
    refused(good.replace('v=0', 'v=1'), 'v', /v=0/)
    refused(good.slice('v=0\r\n'.length), 'v', /v=0/)
  })

  it('ways to another session are named', () => {
    for (const name of ['crypto', 'identity', 'ice-lite', 'key-mgmt', 'remote-candidates', 'zrtp-hash'])
      for (const line of [`a=${name}`, `a=${name}:1 x`]) {
        refused(inVideo(line), name, new RegExp(`leave out a=${name}`))
        refused(session(line), name, new RegExp(`leave out a=${name}`))
      }
  })

  it('ufrag and password: of their lengths and letters', () => {
    const shapes: [string, number, string][] = [
      ['ice-ufrag', 4, 'aZ09+/'],
      ['ice-pwd', 22, 'aZ09+/'],
    ]
    for (const [name, least, letters] of shapes) {
      for (const size of [least, 256]) lint(every(name, letters.repeat(100).slice(0, size)))
      for (const size of [least - 1, 257])
        refused(every(name, 'a'.repeat(size)), name, /characters or a length/)
      refused(every(name, `${'a'.repeat(30)}!`), name)
      refused(every(name, `!${'a'.repeat(30)}`), name)
      refused(inVideo(`a=${name}:${'b'.repeat(30)}`), name, /the same everywhere/)
    }
  })

  it('fingerprint: sha-256 and 32 pairs in upper case, no more', () => {
    const own = /sha-256 (\S+)/.exec(good)?.[1] ?? ''
    for (const bad of [
      `x sha-256 ${own}`,
      `sha-256 ${own} `,
      `sha-256 ${own}:AB`,
      `sha-256 ${own.slice(3)}`,
      `sha-256  ${own}`,
    ])
      refused(every('fingerprint', bad), 'fingerprint', /characters or a length/)
  })

  it('each section has them, by itself or by the session', () => {
    for (const name of ['fingerprint', 'ice-ufrag', 'ice-pwd']) {
      const line = new RegExp(`a=${name}:.*\\r\\n`).exec(good)?.[0] ?? ''
      refused(good.replace(line, ''), name, new RegExp(`each section its a=${name}`))
      lint(good.replaceAll(line, '').replace('t=0 0\r\n', `t=0 0\r\n${line}`))
    }
  })

  it('setup: of the session where the section has none, and never another', () => {
    const none = good.replaceAll('a=setup:actpass\r\n', '')
    lint(none.replace('t=0 0\r\n', 't=0 0\r\na=setup:actpass\r\n'))
    refused(none, 'setup', /an offer says a=setup:actpass/)
    refused(session('a=setup:passive'), 'setup', /an offer says a=setup:actpass/)
    refused(inVideo('a=setup:passive'), 'setup')
    refused(description('answer', { setup: 'actpass' }), 'setup', /an answer says a=setup:passive/, {
      kind: 'answer',
    })
    refused(none.replace('t=0 0\r\n', 't=0 0\r\na=setup:active\r\n'), 'setup')
  })

  it('sections: one to three, each kind once, each with a mid', () => {
    refused(good.slice(0, good.indexOf('m=video')), 'fingerprint')
    const shared = good.slice(good.indexOf('a=ice-ufrag'), good.indexOf('a=mid:0'))
    refused(`v=0\r\nt=0 0\r\na=group:BUNDLE\r\n${shared}`, 'm', /one to three/)
    const only = good.slice(0, good.indexOf('m=audio')).replace('BUNDLE 0 1 2', 'BUNDLE 0')
    lint(only)
    const video = good.slice(good.indexOf('m=video'), good.indexOf('m=audio'))
    for (const [kind, section] of Object.entries({
      video,
      audio: good.slice(good.indexOf('m=audio'), good.indexOf('m=application')),
      application: good.slice(good.indexOf('m=application')),
    })) {
      const twice = section + section.replace(/a=mid:\d/, 'a=mid:9')
      const head = good.slice(0, good.indexOf('m=video'))
      refused(head + twice, 'm', new RegExp(`one ${kind} section`))
    }
    refused(good + video.replace('a=mid:0', 'a=mid:3'), 'm', /one to three/)
    refused(good.replace('a=mid:1', 'a=mid:0'), 'mid', /its own mid/)
    refused(good.replace('a=mid:1\r\n', ''), 'mid', /give one a=mid/)
    for (const mid of ['', 'a b', '!x', 'x!', 'x'.repeat(17)])
      refused(good.replace('a=mid:1', `a=mid:${mid}`), 'mid')
    const long = 'Az_-0'.padEnd(16, 'x')
    lint(good.replace('a=mid:1', `a=mid:${long}`).replace('BUNDLE 0 1', `BUNDLE 0 ${long}`))
  })

  it('section lines: kind, port, protocol, formats', () => {
    const line = 'm=video 9 UDP/TLS/RTP/SAVPF 96'
    for (const port of ['0', '65535']) lint(good.replace(line, line.replace(' 9 ', ` ${port} `)))
    for (const bad of [
      line.replace(' 9 ', ' 123456 '),
      line.replace(' 9 ', ' x '),
      line.replace(' 96', ''),
      'm=video',
      `m=text 9 RTP/AVP ${line}`,
    ])
      refused(good.replace(line, bad), 'm', /sections only/)
    refused(
      good.replace('m=audio 9 UDP/TLS/RTP/SAVPF', 'm=audio 9 RTP/SAVPF'),
      'm',
      /audio goes over UDP\/TLS/,
    )
    refused(good.replace('UDP/DTLS/SCTP', 'DTLS/SCTP'), 'm', /application goes over UDP\/DTLS/)
    refused(good.replace('webrtc-datachannel', '5000'), 'm', /webrtc-datachannel/)
    refused(good.replace('a=rtcp-mux\r\n', ''), 'rtcp-mux')
  })

  it('directions: one, the section’s before the session’s', () => {
    refused(inVideo('a=inactive'), 'direction', /one direction/)
    lint(good.replaceAll('a=recvonly', 'a=inactive'))
    lint(session('a=sendrecv'))
    refused(description('offer', { video: 'sendonly' }), 'direction', /no video here/)
    refused(description('offer', { audio: 'sendonly' }), 'direction', /no audio here/)
    const talk: LintRules = { kind: 'offer', talk: true }
    refused(description('offer', { video: 'sendonly' }), 'direction', /no video/, talk)
    for (const audio of ['sendonly', 'sendrecv', 'recvonly', 'inactive'])
      lint(description('offer', { audio }), talk)
    const answer: LintRules = { kind: 'answer' }
    lint(description('answer'), answer)
    refused(description('answer', { audio: 'recvonly' }), 'direction', /no audio/, answer)
    lint(description('answer', { audio: 'recvonly' }), { ...answer, talk: true })
  })

  it('sound in an answer: of a form the camera sends, or rejected, and then nothing else is asked of it', () => {
    const answer: LintRules = { kind: 'answer' }
    const sound = (change: (section: string) => string): string => {
      const whole = description('answer')
      const [from, to] = [whole.indexOf('m=audio'), whole.indexOf('m=application')]
      return whole.slice(0, from) + change(whole.slice(from, to)) + whole.slice(to)
    }
    refused(
      sound(section => section.replace('opus/48000/2', 'G722/8000')),
      'rtpmap',
      /OPUS, PCMU, PCMA only/,
      answer,
    )
    const beside = (codec: string): string =>
      sound(section => section.replace(/a=rtpmap:\S+ opus.*\r\n/, `$&a=rtpmap:9 ${codec}\r\n`))
    lint(beside('PCMU/8000'), answer)
    refused(beside('G722/8000'), 'rtpmap', /OPUS, PCMU, PCMA only/, answer)
    const reject = (section: string): string =>
      section.replace('m=audio 9', 'm=audio 0').replace(/a=sendonly/, 'a=inactive')
    const bare = sound(section =>
      reject(section).replace('a=rtcp-mux\r\n', '').replace('opus/48000/2', 'G722/8000'),
    )
    lint(bare.replace('BUNDLE 0 1 2', 'BUNDLE 0 2'), answer)
    const busy = sound(section => section.replace('m=audio 9', 'm=audio 0'))
    refused(busy.replace('BUNDLE 0 1 2', 'BUNDLE 0 2'), 'direction', /rejected is inactive/, answer)
  })

  it('the bundle: one group, of all sections and no others', () => {
    const group = 'a=group:BUNDLE 0 1 2'
    for (const bad of ['BUNDLE', 'BUNDLE 0 1', 'BUNDLE 0 1 2 3', 'BUNDLE 0 1 3', 'LS 0 1 2', 'BUNDLE 0 1 1'])
      refused(good.replace(group, `a=group:${bad}`), 'group', /one group/)
    refused(session(group), 'group')
    lint(session('a=group:LS 0 1'))
    lint(good.replace(group, 'a=group:BUNDLE 2 1 0'))
  })
})
