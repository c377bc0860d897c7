import * as v from 'valibot'
import { NAME_MAX_LENGTH, PROTOCOL_VERSION, SDP_MAX_BYTES, WAITING_MAX } from './limits.ts'

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
export const rights = v.pipe(
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

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const code = v.pipe(v.string(), v.regex(/^[a-z_]{1,32}$/))
/** How often since the camera was paired; only ever grows. */
export const counters = v.strictObject({
  live: count,
  ended: count,
  /** sessions found live whose viewer the policy of that moment did not hold: must stay 0 */
  foreign: count,
  refused: v.record(code, count),
})
export type Counters = v.InferOutput<typeof counters>

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
  /** Guest → camera, signed by the invite key: ties the guest's own view key to the invitation. */
  'os1-redeem': v.strictObject({
    v: version,
    iss: id43,
    aud: id43,
    win: id22,
    view: publicKey,
    own: v.pipe(v.string(), v.maxLength(1024)),
    iat: seconds,
  }),
  /** Inside a redemption, signed by the view key: whoever redeems holds it. */
  'os1-own': v.strictObject({ v: version, iss: id43, aud: id43, inv: id43, win: id22 }),
  /** Camera → guest: bound, and waiting for an admin. */
  'os1-redeemed': v.strictObject({
    v: version,
    iss: id43,
    aud: id43,
    inv: id43,
    cam: publicKey,
    iat: seconds,
  }),
  /** Admin or root → camera: show me the policy in force, or (in a session, bound by its th) the log. */
  'os1-read': v.strictObject({
    v: version,
    iss: id43,
    aud: id43,
    no: id22,
    what: v.picklist(['policy', 'log']),
    th: v.optional(id43),
    from: v.optional(count),
  }),
  /** Camera → the admin that asked: what is in force at this moment. */
  'os1-status': v.strictObject({
    v: version,
    iss: id43,
    aud: id43,
    no: id22,
    n: epoch,
    ph: id43,
    /** who signed the policy in force */
    signer: publicKey,
    iat: seconds,
    fw: firmware,
    watching: count,
    /** redemptions that wait for an admin */
    waiting: v.pipe(
      v.array(v.strictObject({ inv: id43, k: publicKey, at: seconds })),
      v.maxLength(WAITING_MAX),
    ),
    /** the newest line of the log */
    head: v.strictObject({ i: count, h: id43 }),
  }),
  /** Admin or root → camera: forget this home. */
  'os1-release': v.strictObject({ v: version, iss: id43, aud: id43, n: epoch, ph: id43, iat: seconds }),
  /** Camera → the one that released it, signed by the key that ends with it. */
  'os1-released': v.strictObject({ v: version, iss: id43, aud: id43, ph: id43, iat: seconds }),
  /** Camera → everyone: how long its log is, and what the whole of it hashes to. */
  'os1-head': v.strictObject({ v: version, iss: id43, i: count, h: id43, iat: seconds, c: counters }),
  'os1-join1': v.strictObject({ v: version, rid: id22, admin: publicKey, view: publicKey, no: id22 }),
  'os1-join2': v.strictObject({ v: version, rid: id22, admin: publicKey, no: id22, h1: id43 }),
  'os1-join3': v.strictObject({ v: version, rid: id22, h12: id43 }),
  'os1-join4': v.strictObject({
    v: version,
    rid: id22,
    h123: id43,
    root: publicKey,
    sealed: v.pipe(v.string(), v.maxLength(200), v.regex(/^[A-Za-z0-9_-]+$/)),
  }),
} as const

export type Typ = keyof typeof schemas
export type Payload<T extends Typ> = v.InferOutput<(typeof schemas)[T]>
export type Policy = Payload<'os1-policy'>
export type RefuseCode = (typeof REFUSE_CODES)[number]

/** Whether a camera may put this code into a signed refusal. */
export const isRefuseCode = (code: string): code is RefuseCode =>
  (REFUSE_CODES as readonly string[]).includes(code)

export const isTyp = (value: string): value is Typ => Object.hasOwn(schemas, value)
