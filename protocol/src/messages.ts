import * as v from 'valibot'
import { NAME_MAX_LENGTH, PROTOCOL_VERSION, SDP_MAX_BYTES } from './limits.ts'

/** Schemas of every signed payload, one row per `typ`. Each refuses unknown members. */

const b64u = (length: number) => v.pipe(v.string(), v.length(length), v.regex(/^[A-Za-z0-9_-]+$/))
export const id22 = b64u(22)
export const id43 = b64u(43)
const version = v.literal(PROTOCOL_VERSION)
const seconds = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
export const epoch = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
/** 32 bytes in their one spelling: with stray bits in the last character, one key would have sixteen ids. */
const coordinate = v.pipe(id43, v.regex(/[AEIMQUYcgkosw048]$/))
export const publicKey = v.strictObject({ x: coordinate, y: coordinate })
const sdp = v.pipe(v.string(), v.maxLength(SDP_MAX_BYTES))
export const firmware = v.pipe(v.string(), v.maxLength(NAME_MAX_LENGTH), v.regex(/^[\x20-\x7e]*$/))
const jws = v.pipe(v.string(), v.maxLength(32 * 1024))
/** A web origin as a browser writes it: scheme, host, port, nothing else. */
const origin = v.pipe(v.string(), v.maxLength(300), v.regex(/^https?:\/\/[^/?#@\s]+$/))

const RIGHTS = ['view', 'audio', 'talk', 'snapshot', 'ptz'] as const
const right = v.picklist(RIGHTS)
const rights = v.pipe(
  v.array(right),
  v.maxLength(RIGHTS.length),
  v.check(list => new Set(list).size === list.length),
)
export type Right = (typeof RIGHTS)[number]

const PROVIDERS = ['google', 'alexa', 'whep'] as const

const policy = v.strictObject({
  v: version,
  cam: id43,
  root: id43,
  iss: id43,
  n: epoch,
  prev: v.nullable(id43),
  iat: seconds,
  admins: v.array(v.strictObject({ k: publicKey })),
  viewers: v.array(
    v.strictObject({ k: publicKey, r: rights, nbf: v.optional(seconds), exp: v.optional(seconds) }),
  ),
  hubs: v.array(
    v.strictObject({
      k: publicKey,
      link: id22,
      prov: v.picklist(PROVIDERS),
      r: v.array(v.picklist(['view', 'audio'])),
      exp: seconds,
      lan: v.boolean(),
    }),
  ),
  invites: v.array(v.strictObject({ k: publicKey, r: rights, nbf: v.optional(seconds), exp: seconds })),
  hubsEnabled: v.boolean(),
  privacy: v.boolean(),
})

const REFUSE_CODES = [
  'stale_win',
  'replay',
  'clock',
  'expired',
  'no_right',
  'bad_sdp',
  'busy',
  'private',
  'limit',
] as const

export const schemas = {
  'os1-auth': v.strictObject({
    v: version,
    iss: id43,
    origin,
    role: v.picklist(['camera', 'viewer']),
    sn: id43,
    cn: id22,
    sock: v.pipe(v.string(), v.maxLength(64)),
    iat: seconds,
  }),
  /** Camera → server, signed by the camera key: registers its auth key under the account that held the rendezvous. */
  'os1-bind': v.strictObject({
    v: version,
    iss: id43,
    cam: publicKey,
    auth: publicKey,
    ticket: id22,
    origin,
    iat: seconds,
  }),
  'os1-pair1': v.strictObject({
    v: version,
    rid: id22,
    root: publicKey,
    admin: publicKey,
    view: publicKey,
    no: id22,
  }),
  'os1-pair2': v.strictObject({ v: version, rid: id22, cam: publicKey, nc: id22, h1: id43, fw: firmware }),
  'os1-pair3': v.strictObject({ v: version, rid: id22, h12: id43, policy: jws }),
  'os1-pair4': v.strictObject({ v: version, rid: id22, h123: id43, ack: jws }),
  'os1-policy': policy,
  'os1-ack': v.strictObject({ v: version, iss: id43, n: epoch, ph: id43, iat: seconds }),
  'os1-beacon': v.strictObject({
    v: version,
    iss: id43,
    win: id22,
    n: epoch,
    ph: id43,
    fw: firmware,
    iat: seconds,
  }),
  'os1-offer': v.strictObject({
    v: version,
    iss: id43,
    aud: id43,
    sid: id22,
    win: id22,
    iat: seconds,
    want: rights,
    start: v.picklist(['now', 'hold']),
    link: v.optional(id22),
    sdp,
  }),
  'os1-answer': v.strictObject({
    v: version,
    iss: id43,
    aud: id43,
    sid: id22,
    oh: id43,
    n: epoch,
    r: rights,
    exp: seconds,
    sdp,
  }),
  'os1-refuse': v.strictObject({
    v: version,
    iss: id43,
    aud: id43,
    sid: id22,
    oh: id43,
    code: v.picklist(REFUSE_CODES),
    win: v.optional(id22),
  }),
  'os1-confirm': v.strictObject({ v: version, iss: id43, aud: id43, sid: id22, th: id43 }),
} as const

export type Typ = keyof typeof schemas
export type Payload<T extends Typ> = v.InferOutput<(typeof schemas)[T]>
export type Policy = Payload<'os1-policy'>
export type RefuseCode = (typeof REFUSE_CODES)[number]

/** Whether a camera may put this code into a signed refusal. */
export const isRefuseCode = (code: string): code is RefuseCode =>
  (REFUSE_CODES as readonly string[]).includes(code)

export const isTyp = (value: string): value is Typ => Object.hasOwn(schemas, value)
