import * as v from 'valibot'
import { ENVELOPE_MAX_BYTES } from './limits.ts'
import { id22, id43 } from './messages.ts'
import { relayGrant } from './relay-grant.ts'

/**
 * The socket.io wire: event name → arguments, one map per direction and namespace. Nothing here carries a right:
 * every envelope is opened by its receiver, the server only routes. Hints from the server are unsigned and only hints.
 */

const envelope = v.pipe(v.string(), v.minLength(1), v.maxLength(ENVELOPE_MAX_BYTES))
const mac = id43
const few = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(10_000))

/** Why the server could not route. Never a verdict about rights. */
export const HINT_CODES = [
  'offline',
  'no_reply',
  'rate',
  'bad_form',
  'unknown_camera',
  'not_signed_in',
  'no_rendezvous',
  'taken',
  'no_relays',
  'closing',
] as const
export type HintCode = (typeof HINT_CODES)[number]
export const hint = v.strictObject({ hint: v.picklist(HINT_CODES) })
export type Hint = v.InferOutput<typeof hint>

export const challenge = v.strictObject({
  v: v.literal(1),
  sn: id43,
  exp: v.pipe(v.number(), v.safeInteger()),
  sock: v.pipe(v.string(), v.maxLength(64)),
})
export type Challenge = v.InferOutput<typeof challenge>

export const authRequest = v.strictObject({ auth: envelope })
/** `ready` reply: the server's build, for logs and the about box only. */
export const authReply = v.strictObject({ ok: v.literal(true), build: v.string() })

export const pairMessage = v.strictObject({ e: envelope, m: mac })
export type PairMessage = v.InferOutput<typeof pairMessage>

export const requests = {
  /** viewer → server → unpaired camera. */
  pair: v.strictObject({ rid: id22, msg: pairMessage }),
  /** viewer → server → camera: an `os1-offer`. */
  offer: v.strictObject({ cam: id43, offer: envelope }),
  /** viewer → server → camera: an `os1-policy`. */
  policy: v.strictObject({ cam: id43, policy: envelope }),
  /** viewer → server: the newest beacon of a camera. */
  beacon: v.strictObject({ cam: id43 }),
  /** viewer → server → camera: an `os1-read` of what is in force. */
  read: v.strictObject({ cam: id43, read: envelope }),
  /** viewer → server → camera: an `os1-redeem` of an invitation. */
  redeem: v.strictObject({ cam: id43, redeem: envelope }),
  /** viewer → server → camera: an `os1-release`. */
  release: v.strictObject({ cam: id43, release: envelope }),
  /** viewer → server → another device of the same account that holds this rendezvous id. */
  join: v.strictObject({ rid: id22, msg: pairMessage }),
  /** unpaired camera, or a viewer that lets a second device in → server: be reachable under this rendezvous id. */
  hold: v.strictObject({ rid: id22 }),
  /** unpaired camera, after pairing → server: an `os1-bind`. */
  bind: v.strictObject({ bind: envelope }),
  /** device → server: which relays it may use, and for how long. */
  relays: v.strictObject({}),
  /** camera → server: its newest `os1-beacon`, and at times the signed head of its log. */
  publish: v.strictObject({
    beacon: envelope,
    head: v.optional(envelope),
    /** sessions that ended since the last one, by the way their picture took: a figure for the operator, no more */
    ways: v.optional(v.strictObject({ direct: few, relayed: few })),
  }),
} as const
export type Request<K extends keyof typeof requests> = v.InferOutput<(typeof requests)[K]>

/** server → camera side: what reaches the agent. `ticket` names the account's binding, and is no right. */
export const deliveries = {
  pair: v.strictObject({ rid: id22, msg: pairMessage, ticket: id22 }),
  offer: v.strictObject({ offer: envelope }),
  policy: v.strictObject({ policy: envelope }),
  read: v.strictObject({ read: envelope }),
  redeem: v.strictObject({ redeem: envelope }),
  release: v.strictObject({ release: envelope }),
  join: v.strictObject({ rid: id22, msg: pairMessage }),
} as const
export type Delivery<K extends keyof typeof deliveries> = v.InferOutput<(typeof deliveries)[K]>

const refused = v.strictObject({ refused: v.string() })

/** What an ack may hold. `pair` refusals are codes, for the person in front of the screen. */
export const replies = {
  pair: v.union([v.strictObject({ msg: pairMessage }), refused, hint]),
  offer: v.union([v.strictObject({ answer: envelope }), v.strictObject({ refuse: envelope }), hint]),
  policy: v.union([v.strictObject({ ack: envelope }), refused, hint]),
  beacon: v.union([v.strictObject({ beacon: envelope }), hint]),
  read: v.union([v.strictObject({ policy: envelope, status: envelope }), refused, hint]),
  redeem: v.union([v.strictObject({ redeemed: envelope }), refused, hint]),
  release: v.union([v.strictObject({ released: envelope }), refused, hint]),
  join: v.union([v.strictObject({ msg: pairMessage }), refused, hint]),
  hold: v.union([v.strictObject({ ok: v.literal(true) }), hint]),
  bind: v.union([v.strictObject({ ok: v.literal(true) }), hint]),
  publish: v.union([v.strictObject({ ok: v.literal(true) }), hint]),
  relays: v.union([v.strictObject({ grant: relayGrant }), hint]),
} as const
export type Reply<K extends keyof typeof replies> = v.InferOutput<(typeof replies)[K]>

/** server → viewer: a camera of this account came, went, or has a new beacon. */
export const presence = v.strictObject({ cam: id43, online: v.boolean(), beacon: v.optional(envelope) })
export type Presence = v.InferOutput<typeof presence>

type Ack<K extends keyof typeof replies> = (reply: Reply<K>) => void

export type ServerEvents = { challenge: (challenge: Challenge) => void }
export type ViewerToServer = {
  auth: (request: { auth: string }, ack: (reply: { ok: true; build: string } | Hint) => void) => void
  pair: (request: Request<'pair'>, ack: Ack<'pair'>) => void
  offer: (request: Request<'offer'>, ack: Ack<'offer'>) => void
  policy: (request: Request<'policy'>, ack: Ack<'policy'>) => void
  beacon: (request: Request<'beacon'>, ack: Ack<'beacon'>) => void
  read: (request: Request<'read'>, ack: Ack<'read'>) => void
  redeem: (request: Request<'redeem'>, ack: Ack<'redeem'>) => void
  release: (request: Request<'release'>, ack: Ack<'release'>) => void
  hold: (request: Request<'hold'>, ack: Ack<'hold'>) => void
  join: (request: Request<'join'>, ack: Ack<'join'>) => void
  relays: (request: Request<'relays'>, ack: Ack<'relays'>) => void
}
export type ServerToViewer = ServerEvents & {
  presence: (presence: Presence) => void
  join: (delivery: Delivery<'join'>, ack: Ack<'join'>) => void
}
export type CameraToServer = {
  auth: ViewerToServer['auth']
  publish: (request: Request<'publish'>, ack: Ack<'publish'>) => void
  relays: ViewerToServer['relays']
}
export type ServerToCamera = ServerEvents & {
  offer: (delivery: Delivery<'offer'>, ack: Ack<'offer'>) => void
  policy: (delivery: Delivery<'policy'>, ack: Ack<'policy'>) => void
  read: (delivery: Delivery<'read'>, ack: Ack<'read'>) => void
  redeem: (delivery: Delivery<'redeem'>, ack: Ack<'redeem'>) => void
  release: (delivery: Delivery<'release'>, ack: Ack<'release'>) => void
}
export type UnpairedToServer = {
  hold: (request: Request<'hold'>, ack: Ack<'hold'>) => void
  bind: (request: Request<'bind'>, ack: Ack<'bind'>) => void
}
export type ServerToUnpaired = { pair: (delivery: Delivery<'pair'>, ack: Ack<'pair'>) => void }

/**
 * Version exchange. A client says `{ agent: 'viewer/0.1.0', versions: [1] }` in the socket.io handshake `auth`;
 * the server refuses in the middleware with `connect_error.data = { code: 'version', message: <one sentence> }`.
 */
export const hello = v.strictObject({
  agent: v.pipe(v.string(), v.regex(/^(viewer|camera-agent)\/[0-9A-Za-z.+-]{1,40}$/)),
  versions: v.pipe(v.array(v.pipe(v.number(), v.safeInteger())), v.minLength(1), v.maxLength(16)),
})
export type Hello = v.InferOutput<typeof hello>
