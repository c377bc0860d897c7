import * as v from 'valibot'
import { ProtocolFault } from './errors.ts'
import { CHANNEL_MESSAGE_MAX_BYTES, ENVELOPE_MAX_BYTES } from './limits.ts'
import { id22, id43 } from './messages.ts'

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
  'shutdown',
  'silent',
  'protocol',
] as const
export type EndedCode = (typeof ENDED_CODES)[number]

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const toCamera = v.variant('t', [
  v.strictObject({ t: v.literal('confirm'), jws: v.pipe(v.string(), v.maxLength(ENVELOPE_MAX_BYTES)) }),
  v.strictObject({ t: v.literal('play') }),
  v.strictObject({ t: v.literal('alive') }),
  v.strictObject({ t: v.literal('bye') }),
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
