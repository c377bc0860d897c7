import { SDP_MAX_BYTES, SDP_MAX_LINE } from './limits.ts'
import { type Candidate, isCandidate, usableCandidate } from './sdp-candidate.ts'

/**
 * Judges a session description that came inside a verified envelope, before WebRTC sees it (PROTOCOL.md §9). It
 * refuses and never rewrites, with one exception: unusable candidate lines are deleted whole.
 */

type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'
type Kind = 'audio' | 'video' | 'application'

/** `rejected`: an answer's section with port 0 (RFC 3264 §6), outside of the bundle. */
export type LintedMedia = {
  kind: Kind
  mid: string
  direction: Direction
  codecs: string[]
  rejected: boolean
}

export type Lint =
  | {
      ok: true
      /** the description, unusable candidate lines deleted */
      sdp: string
      /** SHA-256 of the DTLS certificate, `AA:BB:…` in upper case */
      fingerprint: string
      ufrag: string
      mids: string[]
      media: LintedMedia[]
      candidates: Candidate[]
      /** how many candidate lines were deleted */
      dropped: number
    }
  | { ok: false; code: 'bad_sdp'; field: string; note: string }

/** `talk`: the viewer may send audio. */
export type LintRules = { kind: 'offer' | 'answer'; talk?: boolean }

class Fault extends Error {
  readonly field: string
  constructor(field: string, note: string) {
    super(note)
    this.field = field
  }
}

type Section = { line: string; attributes: string[] }

export function lintSdp(sdp: string, rules: LintRules): Lint {
  try {
    const lines = splitLines(sdp)
    const kept = lines.filter(line => !isCandidate(line) || usableCandidate(line))
    const [session, ...sections] = splitSections(kept)
    if (!session) throw new Fault('v', 'begin with v=0')
    checkForbidden(kept)
    const fingerprint = oneFingerprint(kept)
    const ufrag = oneOf(kept, 'ice-ufrag', /^[A-Za-z0-9+/]{4,256}$/)
    oneOf(kept, 'ice-pwd', /^[A-Za-z0-9+/]{22,256}$/)
    checkComplete(session, sections)
    checkSetup(session, sections, rules.kind)
    const media = lintMedia(session, sections, rules)
    checkBundle(session, media)
    const candidates = kept.filter(isCandidate).flatMap(line => usableCandidate(line) ?? [])
    return {
      ok: true,
      sdp: `${kept.join('\r\n')}\r\n`,
      fingerprint,
      ufrag,
      mids: media.map(each => each.mid),
      media,
      candidates,
      dropped: lines.length - kept.length,
    }
  } catch (error) {
    if (error instanceof Fault) return { ok: false, code: 'bad_sdp', field: error.field, note: error.message }
    throw error
  }
}

/**
 * RFC 8866 §5.13, names in lower case. Chromium takes `a=fingerprint x` for one of that name, and readers differ over
 * `a=Mid:0`: what is not of this form is refused.
 */
const ATTRIBUTE = /^a=([!#$%&'*+.^_`{|}~0-9a-z-]+)(?::(.*))?$/

function splitLines(sdp: string): string[] {
  if (sdp.length > SDP_MAX_BYTES) throw new Fault('sdp', `keep it within ${SDP_MAX_BYTES} bytes`)
  if (!/^[\x20-\x7e\r\n]*$/.test(sdp)) throw new Fault('sdp', 'send printable ASCII')
  if (!sdp.endsWith('\r\n')) throw new Fault('sdp', 'end each line with CRLF')
  const lines = sdp.slice(0, -2).split('\r\n')
  for (const line of lines) {
    if (/[\r\n]/.test(line)) throw new Fault('sdp', 'end each line with CRLF')
    if (line.length > SDP_MAX_LINE) throw new Fault('sdp', `keep each line within ${SDP_MAX_LINE} bytes`)
    if (!/^[a-z]=/.test(line)) throw new Fault('sdp', 'each line is a letter, = and a value')
    if (line.startsWith('a=') && !ATTRIBUTE.test(line))
      throw new Fault('sdp', 'write attributes a=name:value, the name in lower case')
  }
  if (lines[0] !== 'v=0') throw new Fault('v', 'begin with v=0')
  return lines
}

function splitSections(lines: string[]): Section[] {
  const sections: Section[] = [{ line: '', attributes: [] }]
  for (const line of lines) {
    if (line.startsWith('m=')) sections.push({ line, attributes: [] })
    else sections.at(-1)?.attributes.push(line)
  }
  return sections
}

/** Ways to a weaker or another session. `a=sctp-init` only shortens SCTP's start inside DTLS: it is let through. */
const FORBIDDEN = ['crypto', 'identity', 'ice-lite', 'key-mgmt', 'remote-candidates', 'zrtp-hash']

function checkForbidden(lines: string[]): void {
  for (const name of FORBIDDEN) {
    if (lines.some(line => attribute(line, name) !== undefined)) throw new Fault(name, `leave out a=${name}`)
  }
}

/** The value of `a=<name>:<value>` or `a=<name>`. */
function attribute(line: string, name: string): string | undefined {
  const match = ATTRIBUTE.exec(line)
  return match?.[1] === name ? (match[2] ?? '') : undefined
}

const values = (lines: readonly string[], name: string): string[] =>
  lines.flatMap(line => attribute(line, name) ?? [])

function oneOf(lines: readonly string[], name: string, shape: RegExp): string {
  const [value, ...others] = new Set(values(lines, name))
  if (value === undefined || others.length > 0)
    throw new Fault(name, `give one a=${name}, the same everywhere`)
  if (!shape.test(value)) throw new Fault(name, `a=${name} has characters or a length it cannot have`)
  return value
}

/** Exactly one certificate (RFC 8122 §5): repeats are allowed, a second one, another hash or spelling is not. */
function oneFingerprint(lines: readonly string[]): string {
  const shape = /^sha-256 ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/
  return oneOf(lines, 'fingerprint', shape).slice('sha-256 '.length)
}

/** No section inherits from its neighbour: parsers differ in that, and Firefox ESR 153 hangs without a fingerprint. */
function checkComplete(session: Section, sections: Section[]): void {
  for (const name of ['fingerprint', 'ice-ufrag', 'ice-pwd'])
    for (const { attributes } of sections)
      if (values([...session.attributes, ...attributes], name).length === 0)
        throw new Fault(name, `give each section its a=${name}`)
}

function checkSetup(session: Section, sections: Section[], kind: LintRules['kind']): void {
  const wanted = kind === 'offer' ? 'actpass' : 'passive'
  const inherited = values(session.attributes, 'setup')
  for (const section of sections) {
    const own = values(section.attributes, 'setup')
    const setup = [...(own.length > 0 ? own : inherited)]
    if (setup.length === 0 || setup.some(value => value !== wanted))
      throw new Fault('setup', `an ${kind} says a=setup:${wanted}`)
  }
  if (inherited.some(value => value !== wanted)) throw new Fault('setup', `an ${kind} says a=setup:${wanted}`)
}

function lintMedia(session: Section, sections: Section[], rules: LintRules): LintedMedia[] {
  if (sections.length === 0 || sections.length > 3) throw new Fault('m', 'offer one to three sections')
  const media = sections.map(section => lintSection(session, section, rules))
  for (const kind of ['audio', 'video', 'application']) {
    if (media.filter(each => each.kind === kind).length > 1)
      throw new Fault('m', `offer one ${kind} section at most`)
  }
  if (new Set(media.map(each => each.mid)).size !== media.length)
    throw new Fault('mid', 'give each section its own mid')
  return media
}

function lintSection(session: Section, section: Section, rules: LintRules): LintedMedia {
  const match = /^m=(audio|video|application) (\d{1,5}) (\S+) (.+)$/.exec(section.line)
  if (!match) throw new Fault('m', 'offer audio, video and application sections only')
  const [, kind, port, proto] = match as unknown as [string, Kind, string, string]
  const expected = kind === 'application' ? 'UDP/DTLS/SCTP' : 'UDP/TLS/RTP/SAVPF'
  if (proto !== expected) throw new Fault('m', `${kind} goes over ${expected}`)
  if (kind === 'application' && match[4] !== 'webrtc-datachannel')
    throw new Fault('m', 'data goes over webrtc-datachannel')
  const mid = oneOf(section.attributes, 'mid', /^[A-Za-z0-9_-]{1,16}$/)
  const rejected = rules.kind === 'answer' && kind === 'audio' && Number(port) === 0
  if (kind !== 'application' && !rejected && values(section.attributes, 'rtcp-mux').length === 0)
    throw new Fault('rtcp-mux', 'multiplex RTP and RTCP')
  const direction = directionOf(session, section)
  checkDirection(kind, direction, rules)
  const codecs = codecsOf(section)
  if (rejected && direction !== 'inactive') throw new Fault('direction', 'what is rejected is inactive')
  if (kind === 'audio' && !rejected) checkSound(codecs, rules)
  return { kind, mid, direction, codecs, rejected }
}

const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const

/** The section's own direction, else the session's, else sendrecv (RFC 8866 §6.7). */
function directionOf(session: Section, section: Section): Direction {
  for (const { attributes } of [section, session]) {
    const found = DIRECTIONS.filter(direction => values(attributes, direction).length > 0)
    if (found.length > 1) throw new Fault('direction', 'give one direction')
    if (found[0]) return found[0]
  }
  return 'sendrecv'
}

function checkDirection(kind: Kind, direction: Direction, rules: LintRules): void {
  if (kind === 'application' || direction === 'inactive') return
  const viewerSends = rules.kind === 'offer' ? direction.startsWith('send') : /recv/.test(direction)
  const allowed = kind === 'audio' && rules.talk === true
  if (viewerSends && !allowed) throw new Fault('direction', `a viewer sends no ${kind} here: use recvonly`)
}

/** What a camera sends as sound; an offer may list more that its browser could play. */
const SOUND_CODECS: readonly string[] = ['OPUS', 'PCMU', 'PCMA']

function checkSound(codecs: readonly string[], { kind }: LintRules): void {
  if (kind === 'answer' && codecs.some(codec => !SOUND_CODECS.includes(codec)))
    throw new Fault('rtpmap', `send sound as ${SOUND_CODECS.join(', ')} only`)
}

const codecsOf = (section: Section): string[] =>
  [
    ...new Set(
      values(section.attributes, 'rtpmap').map(
        value => /^\d+ ([A-Za-z0-9.-]+)\//.exec(value)?.[1]?.toUpperCase() ?? '',
      ),
    ),
  ].filter(codec => codec !== '')

function checkBundle(session: Section, media: LintedMedia[]): void {
  const groups = values(session.attributes, 'group').filter(value => value.startsWith('BUNDLE'))
  const [bundle, ...others] = groups
  const bundled = bundle?.split(' ').slice(1)
  const mids = media.filter(({ rejected }) => !rejected).map(({ mid }) => mid)
  if (
    others.length > 0 ||
    !bundled ||
    bundled.length !== mids.length ||
    mids.some(mid => !bundled.includes(mid))
  )
    throw new Fault('group', 'bundle all sections in one group')
}
