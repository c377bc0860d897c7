import fc from 'fast-check'
import { otherFingerprint } from '../unit/protocol/sdp.ts'

/** Attributes whose meaning two parsers could read differently, with values that may or may not be right. */
const NAMES = [
  ...['fingerprint', 'ice-ufrag', 'ice-pwd', 'mid', 'setup', 'candidate', 'group', 'rtcp-mux'],
  ...['recvonly', 'sendonly', 'sendrecv', 'inactive', 'ice-options', 'ice-lite', 'crypto', 'identity'],
  ...['bundle-only', 'rtcp', 'msid', 'ssrc', 'rid', 'simulcast', 'sctp-port', 'end-of-candidates'],
]

const spelling = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(name, name, name, name.toUpperCase(), ` ${name}`, `${name} `, `${name}\t`, `x-${name}`)

const value = fc.oneof(
  fc.constantFrom(
    `sha-256 ${otherFingerprint}`,
    `sha-256 ${otherFingerprint.toLowerCase()}`,
    `sha-1 ${otherFingerprint.slice(0, 59)}`,
    ...['actpass', 'active', 'passive', '0', '1', '2', 'BUNDLE 0 1', 'BUNDLE 1 0', 'BUNDLE', 'LS 0 1'],
    ...['aaaa', 'a'.repeat(24), 'a b', '', ':', '1 1 udp 1 192.0.2.9 50000 typ host'],
    '1 1 udp 1 127.0.0.1 50000 typ host',
  ),
  fc.string({ maxLength: 24 }),
)

const attribute = fc
  .tuple(fc.constantFrom(...NAMES).chain(spelling), fc.option(value))
  .map(([name, text]) => (text === null ? `a=${name}` : `a=${name}:${text}`))

type Change = (lines: string[]) => string[]
const at = fc.nat(10_000)

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(at, attribute).map(
    ([i, line]) =>
      (lines: string[]) =>
        lines.toSpliced(i % lines.length, 0, line),
  ),
  fc.tuple(at, at).map(([i, j]) => (lines: string[]) => {
    const line = lines[i % lines.length] ?? ''
    return lines.toSpliced(j % lines.length, 0, line)
  }),
  at.map(i => (lines: string[]) => lines.toSpliced(i % lines.length, 1)),
  fc.tuple(at, at).map(([i, j]) => (lines: string[]) => {
    const [line = ''] = lines.slice(i % lines.length)
    return lines.toSpliced(i % lines.length, 1).toSpliced(j % lines.length, 0, line)
  }),
  fc
    .tuple(at, at, fc.string({ minLength: 1, maxLength: 1 }))
    .map(([i, j, character]) => (lines: string[]) => {
      const line = lines[i % lines.length] ?? ''
      const k = j % (line.length + 1)
      return lines.toSpliced(i % lines.length, 1, line.slice(0, k) + character + line.slice(k + (j % 2)))
    }),
)

/** `sdp` with one to four changes: lines put in, doubled, dropped, moved, or a character of one changed. */
export const mutatedSdp = (sdp: string): fc.Arbitrary<string> =>
  fc
    .array(change, { minLength: 1, maxLength: 4 })
    .map(changes => changes.reduce((lines, each) => each(lines), sdp.split('\r\n')).join('\r\n'))
