import assert from 'node:assert/strict'
import { werift } from '@ownsight/camera-agent/rtc/werift'
import { SDP_MAX_BYTES } from '@ownsight/protocol/limits'
import { type Lint, type LintRules, lintSdp } from '@ownsight/protocol/sdp-lint'
import fc from 'fast-check'
import { mutatedSdp } from '../support/mutated-sdp.ts'
import { recorded } from '../support/recorded-sdp.ts'

/** FUZZ_RUNS sets the number of runs, FUZZ_SEED repeats one; fast-check prints the seed of a failure. */
const runs = Number(process.env.FUZZ_RUNS ?? (process.env.OWNSIGHT_LONG ? 20_000 : 1000))
const seed = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) }
const settings = { numRuns: runs, ...seed }

const rules: LintRules[] = [{ kind: 'offer' }, { kind: 'offer', talk: true }, { kind: 'answer' }]

function isTotal(sdp: string): void {
  for (const rule of rules) {
    const lint = lintSdp(sdp, rule)
    if (lint.ok) assert.ok(lint.sdp.length <= sdp.length && lint.mids.length > 0)
    else assert.ok(lint.code === 'bad_sdp' && lint.field.length < 40 && lint.note.length < 120)
  }
}

describe('fuzz: session descriptions', function () {
  this.timeout(Math.max(20_000, runs * 20))

  it('attack 22: any text at all is accepted or refused', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 2000 }))
    fc.assert(fc.property(text, isTotal), settings)
  })

  for (const { name, kind, sdp } of recorded) {
    it(`${name}, changed, is accepted or refused`, () => {
      fc.assert(fc.property(mutatedSdp(sdp), isTotal), settings)
    })

    it(`what the lint accepts of ${name}, changed, werift reads the same`, () => {
      let accepted = 0
      const reads = (text: string): void => {
        const lint = lintSdp(text, { kind })
        if (!lint.ok) return
        accepted++
        agrees(lint)
      }
      fc.assert(fc.property(mutatedSdp(sdp), reads), settings)
      assert.ok(accepted > runs / 20, `only ${accepted} of ${runs} were accepted: the test is empty`)
    })
  }

  const line = 'a=candidate:1 1 udp 1 2001:db8:0:0:0:0:0:5 50000 typ host\r\n'
  const long: Record<string, string> = {
    letters: 'a',
    'empty lines': '\r\n',
    'line feeds': '\n',
    sections: 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n',
    candidates: line,
    colons: ':',
    'attributes without an end': 'a=fingerprint:sha-256 ',
  }
  for (const [what, unit] of Object.entries(long))
    it(`attack 22: 10 MB of ${what} are refused at once`, () => {
      const text = `v=0\r\n${unit.repeat(10_000_000 / unit.length)}`
      assert.ok(text.length > 9_000_000)
      within(1000, () => isTotal(text))
    })

  for (const [what, unit] of Object.entries(long))
    it(`attack 22: as many ${what} as may be take no time`, () => {
      const text = `v=0\r\n${unit.repeat((SDP_MAX_BYTES - 5) / unit.length)}`
      within(1000, () => isTotal(`${text.slice(0, SDP_MAX_BYTES - 2)}\r\n`))
    })
})

function within(ms: number, work: () => void): void {
  const begin = performance.now()
  work()
  const took = performance.now() - begin
  assert.ok(took < ms, `it took ${took.toFixed()} ms`)
}

type Accepted = Extract<Lint, { ok: true }>

/** The same fingerprint, ufrag, mids and directions, no other candidate; refusing what the lint accepts is agreement too. */
function agrees(lint: Accepted): void {
  const parsed = parse(lint.sdp)
  if (!parsed) return
  assert.deepEqual(
    parsed.media.map(media => media.rtp.muxId),
    lint.mids,
  )
  for (const [i, media] of parsed.media.entries()) {
    for (const { algorithm, value } of media.dtlsParams?.fingerprints ?? [])
      assert.deepEqual([algorithm, value], ['sha-256', lint.fingerprint])
    if (media.iceParams?.usernameFragment !== undefined)
      assert.equal(media.iceParams.usernameFragment, lint.ufrag)
    assert.ok(!media.iceParams?.iceLite)
    if (media.direction !== undefined) assert.equal(media.direction, lint.media[i]?.direction)
  }
  const known = lint.candidates.map(each => JSON.stringify(each))
  for (const { ip, port, type } of parsed.media.flatMap(media => media.iceCandidates))
    assert.ok(known.includes(JSON.stringify({ address: ip, port, type })), `a candidate the lint did not see`)
}

function parse(sdp: string): InstanceType<typeof werift.SessionDescription> | undefined {
  try {
    return werift.SessionDescription.parse(sdp)
  } catch {
    return undefined
  }
}
