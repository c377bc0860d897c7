import * as v from 'valibot'
import { ProtocolFault } from './errors.ts'
import { CHANNEL_MESSAGE_MAX_BYTES, ENVELOPE_MAX_BYTES, LOG_LINE_MAX_BYTES } from './limits.ts'
import { id22, id43, rights } from './messages.ts'

/** Data channel 0, label `os1`: JSON text, after DTLS proved who is there (PROTOCOL.md §8). */

export const CHANNEL_ID = 0
export const CHANNEL_LABEL = 'os1'

export const SOURCE_STATES = ['closed', 'opening', 'live', 'reconnecting', 'failed'] as const
export const ENDED_CODES = [
  'expired',
  'removed',
  'private',
  'replaced',
  'limit',
  'not_confirmed',
  'released',
  'shutdown',
  'silent',
  'protocol',
] as const
export type EndedCode = (typeof ENDED_CODES)[number]
export const isEndedCode = (value: unknown): value is EndedCode =>
  (ENDED_CODES as readonly unknown[]).includes(value)

/** No screen shows more lines. */
export const TILE_MAX_HEIGHT = 8640

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** Chosen by the viewer, echoed in the camera's reply. */
const id = count
const envelope = v.pipe(v.string(), v.minLength(1), v.maxLength(ENVELOPE_MAX_BYTES))

const toCamera = v.variant('t', [
  v.strictObject({ t: v.literal('confirm'), jws: v.pipe(v.string(), v.maxLength(ENVELOPE_MAX_BYTES)) }),
  v.strictObject({ t: v.literal('play') }),
  /** no more frames until `play`: nobody sees them */
  v.strictObject({ t: v.literal('pause') }),
  /** are you there? A heartbeat comes at once. */
  v.strictObject({ t: v.literal('alive') }),
  /** how high the picture is drawn, in pixels of the screen: a stream that is large enough will do */
  v.strictObject({
    t: v.literal('tile'),
    height: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(TILE_MAX_HEIGHT)),
  }),
  v.strictObject({ t: v.literal('bye') }),
  /** sound from now on, or none; without the right `audio` it changes nothing */
  v.strictObject({ t: v.literal('listen'), on: v.boolean() }),
  /** an owner's policy: the same document that signaling carries, for when signaling withholds it */
  v.strictObject({ t: v.literal('policy'), id, policy: envelope }),
  v.strictObject({ t: v.literal('read'), id, read: envelope }),
])
export type ToCamera = v.InferOutput<typeof toCamera>

const toViewer = v.variant('t', [
  v.strictObject({ t: v.literal('confirmed'), sid: id22, th: id43 }),
  v.strictObject({
    t: v.literal('heartbeat'),
    seq: count,
    /** RTP timestamp of the newest frame sent, 90 kHz */
    rtpTs: count,
    /** milliseconds since the epoch by the camera's clock */
    cameraTime: count,
    th: id43,
  }),
  v.strictObject({
    t: v.literal('source'),
    state: v.picklist(SOURCE_STATES),
    code: v.optional(v.pipe(v.string(), v.regex(/^[a-z_]{1,32}$/))),
    transcoding: v.optional(v.boolean()),
    /** whether there is sound to hear; only to who may hear it */
    sound: v.optional(v.boolean()),
  }),
  /** the rights this session has from now on */
  v.strictObject({ t: v.literal('rights'), r: rights }),
  v.strictObject({ t: v.literal('ack'), id, ack: envelope }),
  v.strictObject({ t: v.literal('status'), id, policy: envelope, status: envelope }),
  /** lines of the log from the one asked for, and the head they lead up to; `more` when another page follows */
  v.strictObject({
    t: v.literal('log'),
    id,
    lines: v.pipe(v.array(v.pipe(v.string(), v.maxLength(LOG_LINE_MAX_BYTES))), v.maxLength(256)),
    more: v.boolean(),
    head: envelope,
  }),
  v.strictObject({
    t: v.literal('refused'),
    id,
    code: v.pipe(v.string(), v.regex(/^[a-z_]+$/), v.maxLength(32)),
  }),
  v.strictObject({ t: v.literal('ended'), code: v.picklist(ENDED_CODES) }),
])
export type ToViewer = v.InferOutput<typeof toViewer>

const parse =
  <S extends typeof toCamera | typeof toViewer>(schema: S) =>
  (message: string): v.InferOutput<S> => {
    if (message.length > CHANNEL_MESSAGE_MAX_BYTES)
      throw new ProtocolFault('limit', 'message', `keep it within ${CHANNEL_MESSAGE_MAX_BYTES} bytes`)
    let value: unknown
    try {
      value = JSON.parse(message)
    } catch {
      throw new ProtocolFault('bad_form', 'message', 'send JSON')
    }
    const result = v.safeParse(schema, value)
    if (!result.success)
      throw new ProtocolFault('bad_form', v.getDotPath(result.issues[0]) ?? 't', 'see PROTOCOL.md §8')
    return result.output
  }

/** @throws ProtocolFault limit, bad_form */
export const parseToCamera = parse(toCamera)
/** @throws ProtocolFault limit, bad_form */
export const parseToViewer = parse(toViewer)
