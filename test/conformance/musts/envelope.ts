import { type Must, rowsOf } from '../must.ts'

const unit = 'test/unit/protocol'
const envelope = rowsOf('protocol/src/envelope.ts', `${unit}/envelope.test.ts`)
const spelling = rowsOf('protocol/src/envelope.ts', `${unit}/envelope-spelling.test.ts`)
const messages = rowsOf('protocol/src/messages.ts', `${unit}/envelope-spelling.test.ts`)
const ids = rowsOf('protocol/src/ids.ts', `${unit}/ids.test.ts`)
const bytes = rowsOf('protocol/src/bytes.ts', `${unit}/bytes.test.ts`)
const challenge = rowsOf('protocol/src/challenge.ts', `${unit}/challenge.test.ts`)
const events = rowsOf('protocol/src/events.ts', `${unit}/events.test.ts`)
const version = rowsOf('protocol/src/version.ts', `${unit}/version.test.ts`)

/** PROTOCOL.md §1 to §4. */
export const envelopeMusts: readonly Must[] = [
  ids(
    'M-1.1',
    'one coordinate left out of the thumbprint',
    'x: key.x, y: key.y })',
    'x: key.x, y: key.x })',
    'an id is the RFC 7638 thumbprint',
  ),
  messages(
    'M-1.2',
    'the one spelling of a coordinate',
    'v.regex(/[AEIMQUYcgkosw048]$/)',
    'v.string()',
    'refuses a key with a second spelling',
  ),
  ids(
    'M-1.3',
    'the default that a key cannot be taken out',
    'extractable = false',
    'extractable = true',
    'a private key is not extractable',
  ),
  bytes(
    'M-1.4',
    'the check for stray bits',
    'if (toBase64url(bytes.subarray(bytes.length - (bytes.length % 3))) !== value.slice(value.length & ~3))',
    'if (false)',
    'attack 22: padding',
  ),
  bytes(
    'M-1.5',
    'the refusal of malformed UTF-8',
    'fatal: true',
    'fatal: false',
    'text refuses what is not UTF-8',
  ),
  spelling(
    'M-2.1',
    'the size limit',
    'if (jws.length > ENVELOPE_MAX_BYTES)',
    'if (false)',
    'attack 22: 10 MB is refused',
  ),
  spelling(
    'M-2.2',
    'the count of parts',
    ' || rest.length > 0)',
    ')',
    'attack 22: padding, the other alphabet',
  ),
  envelope(
    'M-2.2',
    'the length of the signature',
    'if (fromBase64url(signature).length !== 64)',
    'if (false)',
    'attack 13: zero, order and truncated',
  ),
  envelope(
    'M-2.3',
    'byte equality of the header: a prefix is enough',
    'if (received === headerText(typ)) return',
    'if (received.startsWith(headerText(typ).slice(0, -1))) return',
    'a header with an extra member',
  ),
  envelope(
    'M-2.3',
    'the algorithm in the header',
    'if (received === headerText(typ)) return',
    'if (received.includes(typ)) return',
    'attack 19: alg none is bad_form',
  ),
  envelope(
    'M-2.4',
    'the comparison of the type',
    'if (received === headerText(typ)) return',
    'if (/"alg":"ES256"/.test(received)) return',
    'attack 20: os1-beacon presented as os1-offer',
  ),
  spelling(
    'M-2.5',
    'the one spelling of JSON',
    'if (spelling !== json)',
    'if (false)',
    'attack 22: duplicate members',
  ),
  spelling(
    'M-2.6',
    'the schema',
    'const result = v.safeParse(schemas[typ], value)',
    'const result: any = { success: true, output: value }',
    'refuses an unknown member of every type',
  ),
  messages(
    'M-2.7',
    'the version',
    'const version = v.literal(PROTOCOL_VERSION)',
    'const version = v.any()',
    'refuses another version of every type',
  ),
  spelling(
    'M-2.8',
    'the comparison of aud',
    'payload.aud !== aud || ',
    '',
    'attack 1: an envelope for somebody else',
  ),
  spelling(
    'M-2.8',
    'the refusal of issuer = audience',
    ' || payload.aud === payload.iss)',
    ')',
    'refuses an envelope whose issuer is its own audience',
  ),
  envelope(
    'M-2.9',
    'the refusal of an unknown issuer',
    "if (!key) throw new ProtocolFault('unknown_viewer', 'iss', 'ask the owner to let this key in')",
    'if (!key) return { typ, payload, hash: await envelopeHash(jws as string) } as Verified<T>',
    'attack 19: a key inside the message is never used',
  ),
  envelope(
    'M-2.10',
    'the signature check',
    "await compactVerify(jws as string, publicKey, { algorithms: ['ES256'] })",
    '',
    'attack 13: a replaced SDP under the old signature',
  ),
  envelope(
    'M-2.11',
    'the end of the signing input: the hash covers the signature too',
    "jws.slice(0, jws.lastIndexOf('.'))",
    'jws',
    'attack 21: the malleated signature',
  ),
  challenge(
    'M-3.1',
    'the comparison of the nonce',
    '!equalText(payload.sn, challenge.sn) || ',
    '',
    'attack 34: an answer to another challenge',
  ),
  challenge(
    'M-3.1',
    'the comparison of the socket',
    ' || payload.sock !== challenge.sock)',
    ')',
    'attack 34: an answer given on another socket',
  ),
  challenge(
    'M-3.2',
    'the lifetime of the challenge',
    'if (expected.now > challenge.exp)',
    'if (false)',
    'attack 34: a late answer',
  ),
  challenge(
    'M-3.3',
    'the comparison of the origin',
    'if (payload.origin !== expected.origin)',
    'if (false)',
    'attack 34: an answer made for another origin',
  ),
  challenge(
    'M-3.4',
    'the comparison of the role',
    'if (payload.role !== expected.role)',
    'if (false)',
    'a viewer key does not open the camera namespace',
  ),
  challenge(
    'M-3.5',
    'the thumbprint check of the camera key',
    '(await keyId(claims.cam)) === claims.iss ? claims.cam : undefined',
    'claims.cam',
    'whose id is not the thumbprint of its key',
  ),
  challenge(
    'M-3.6',
    'the comparison of the origin',
    'if (bind.payload.origin !== expected.origin)',
    'if (false)',
    'for another server is wrong_origin',
  ),
  events(
    'M-4.1',
    'the refusal of unknown members in an offer request',
    'offer: v.strictObject({ cam: id43, offer: envelope }),',
    'offer: v.looseObject({ cam: id43, offer: envelope }),',
    'request offer: takes its shape',
  ),
  events(
    'M-4.2',
    'the length of an envelope on the wire',
    ', v.maxLength(ENVELOPE_MAX_BYTES))',
    ')',
    'an envelope is a bounded',
  ),
  events(
    'M-4.3',
    'the list of hints',
    'hint: v.picklist(HINT_CODES)',
    'hint: v.string()',
    'a hint is one of the known words',
  ),
  version(
    'M-4.4',
    'which side is older',
    'Math.max(...theirs) < Math.max(...SUPPORTED_VERSIONS)',
    'false',
    'names the older program',
  ),
]
