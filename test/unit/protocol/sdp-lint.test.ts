import assert from 'node:assert/strict'
import { type Lint, lintSdp } from '@ownsight/protocol/sdp-lint'
import { places, recorded, recordedOffers, withLine } from '../../support/recorded-sdp.ts'
import { otherFingerprint } from './sdp.ts'

type Accepted = Extract<Lint, { ok: true }>

function accepted(sdp: string, kind: 'offer' | 'answer', talk = false): Accepted {
  const lint = lintSdp(sdp, { kind, talk })
  assert.ok(lint.ok, lint.ok ? '' : `${lint.field}: ${lint.note}`)
  return lint
}

const isCandidate = (line: string): boolean => line.startsWith('a=candidate:')

describe('protocol: lint of recorded descriptions', () => {
  it('there are some of each: Chromium, Firefox, simple-peer, with and without camera permission, the agent', () => {
    for (const part of [
      'chromium-offer',
      'chromium-camera',
      'chromium-simple-peer',
      'agent-answer-to-chromium',
    ])
      for (const name of [part, part.replace('chromium', 'firefox')])
        assert.ok(
          recorded.some(each => each.name.startsWith(name)),
          name,
        )
  })

  for (const { name, kind, sdp } of recorded) {
    it(`accepts ${name}`, () => {
      const lint = accepted(sdp, kind)
      assert.match(lint.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
      assert.ok(sdp.includes(`a=fingerprint:sha-256 ${lint.fingerprint}\r\n`))
      assert.ok(sdp.includes(`a=ice-ufrag:${lint.ufrag}\r\n`))
      assert.deepEqual(
        lint.mids,
        [...sdp.matchAll(/^a=mid:(.*)\r$/gm)].map(match => match[1]),
      )
    })

    it(`of ${name} only candidate lines go, each whole`, () => {
      const lint = accepted(sdp, kind)
      const before = sdp.split('\r\n')
      const after = lint.sdp.split('\r\n')
      assert.equal(before.length - after.length, lint.dropped)
      let next = 0
      for (const line of before) {
        if (line === after[next]) next++
        else assert.ok(isCandidate(line), line)
      }
      assert.equal(next, after.length)
      assert.equal(lint.candidates.length, after.filter(isCandidate).length)
    })

    it(`what is left of ${name} is accepted as it is`, () => {
      const first = accepted(sdp, kind)
      assert.deepEqual(accepted(first.sdp, kind), { ...first, dropped: 0 })
    })

    it(`${name} is no ${kind === 'offer' ? 'answer' : 'offer'}`, () => {
      const lint = lintSdp(sdp, { kind: kind === 'offer' ? 'answer' : 'offer', talk: true })
      assert.ok(!lint.ok)
    })

    it(`attack 14: ${name} with a second fingerprint, at any level, is bad_sdp`, () => {
      const { fingerprint } = accepted(sdp, kind)
      const second = [
        `a=fingerprint:sha-256 ${otherFingerprint}`,
        `a=fingerprint:sha-1 ${fingerprint.slice(0, 59)}`,
        `a=fingerprint:sha-512 ${fingerprint}:${fingerprint}`,
        `a=fingerprint:SHA-256 ${fingerprint}`,
        `a=fingerprint:sha-256 ${fingerprint.toLowerCase()}`,
        `a=fingerprint:sha-256 ${otherFingerprint.toLowerCase()}`,
        `a=Fingerprint:sha-256 ${otherFingerprint}`,
        `a=fingerprint:sha-256  ${fingerprint}`,
        `a=fingerprint:sha-256 ${fingerprint} `,
        `a=fingerprint sha-256 ${otherFingerprint}`,
        `a=fingerprint\t:sha-256 ${otherFingerprint}`,
        'a=fingerprint:',
      ]
      for (const place of places(sdp))
        for (const line of second) {
          const lint = lintSdp(withLine(sdp, place, line), { kind })
          assert.ok(!lint.ok, `${line} after line ${place}`)
          assert.equal(lint.code, 'bad_sdp')
        }
    })

    it(`${name} with its own fingerprint once more is accepted`, () => {
      const { fingerprint } = accepted(sdp, kind)
      for (const place of places(sdp))
        accepted(withLine(sdp, place, `a=fingerprint:sha-256 ${fingerprint}`), kind)
    })

    it(`attack 24: ${name} with a steered candidate loses just that line`, () => {
      const { sdp: clean } = accepted(sdp, kind)
      const line = 'a=candidate:1 1 udp 1 169.254.169.254 50000 typ host'
      for (const place of places(clean).slice(1))
        assert.equal(accepted(withLine(clean, place, line), kind).sdp, clean)
    })
  }

  it('browsers that hide their addresses keep no candidate, those that show them only UDP ones', () => {
    for (const { name, sdp } of recordedOffers) {
      const { candidates } = accepted(sdp, 'offer')
      if (name.includes('camera')) assert.ok(candidates.length > 0, name)
      else assert.deepEqual(candidates, [], name)
    }
  })

  it("reads each section's kind, direction and codecs", () => {
    const sdp = recorded.find(each => each.name === 'firefox-offer')?.sdp ?? ''
    const { media } = accepted(sdp, 'offer')
    assert.deepEqual(media.map(({ kind, direction }) => [kind, direction]).sort(), [
      ['application', 'sendrecv'],
      ['audio', 'recvonly'],
      ['video', 'recvonly'],
    ])
    const codecs = media.find(({ kind }) => kind === 'video')?.codecs ?? []
    assert.ok(codecs.includes('VP8'), String(codecs))
    assert.equal(new Set(codecs).size, codecs.length)
  })

  it('a=sctp-init is let through: it only shortens the start of SCTP inside DTLS', () => {
    for (const { sdp } of recordedOffers)
      accepted(withLine(sdp, places(sdp).at(-1) ?? 0, 'a=sctp-init:AQAAFA=='), 'offer')
  })
})
