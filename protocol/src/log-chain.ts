import * as v from 'valibot'
import { sha256, toBase64url, utf8 } from './bytes.ts'
import { openEnvelope, seal } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import type { KeyId, KeyPair, PublicKey } from './ids.ts'
import { LOG_LINE_MAX_BYTES } from './limits.ts'
import { type Counters, epoch, firmware, id22, id43, type Payload } from './messages.ts'

/**
 * The camera's own log (PROTOCOL.md §13): JSON lines, each with the hash of the line before, so that what the camera
 * once signed a head for can be neither shortened nor rewritten unseen. Keys only, no name, address or description.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
export const PATHS = ['host', 'srflx', 'relay', 'unknown'] as const
const code = v.pipe(v.string(), v.regex(/^[a-z_]{1,32}$/))

/** One kind of line: `i` counts from 0, `t` is milliseconds by the camera's clock, `ph` the hash of the line before. */
const kind = <E extends string, M extends v.ObjectEntries>(e: E, members: M) =>
  v.strictObject({ i: count, t: count, e: v.literal(e), ...members, ph: id43 })

const entry = v.variant('e', [
  kind('boot', { fw: firmware }),
  kind('pair', { n: epoch, doc: id43, iss: id43 }),
  kind('policy', { n: epoch, doc: id43, iss: id43, privacy: v.boolean() }),
  kind('redeem', { inv: id43, k: id43, code }),
  kind('refused', { viewer: id43, sid: id22, oh: id43, code }),
  kind('live', { viewer: id43, sid: id22, oh: id43, n: epoch }),
  /** s: seconds it was live, 0 for an attempt that never was */
  kind('close', { viewer: id43, sid: id22, reason: code, s: count, path: v.picklist(PATHS) }),
  /** counted, not answered: envelopes whose signature did not verify, by fault, since the line of this kind before */
  kind('ignored', { c: v.record(code, count) }),
  /** seconds: the time below which this camera does not believe its clock; whether it believes it now */
  kind('clock', { floor: count, plausible: v.boolean() }),
])
export type LogEntry = v.InferOutput<typeof entry>
type WithoutPlace<T> = T extends unknown ? Omit<T, 'i' | 't' | 'ph'> : never
/** What happened, before it has a place in the chain. */
export type LogEvent = WithoutPlace<LogEntry>
/** A place in a log: the number of lines before it, and the hash of the last of them. */
export type LogPlace = { i: number; h: string }

export const lineHash = async (line: string): Promise<string> => toBase64url(await sha256(utf8(line)))

/** Where the log of a camera begins: no other camera's line can follow it. */
export const logStart = async (camId: KeyId): Promise<LogPlace> => ({
  i: 0,
  h: await lineHash(`os1 log\0${camId}`),
})

/** The next line and the place after it. @param t milliseconds since the epoch */
export async function nextLine(
  after: LogPlace,
  t: number,
  event: LogEvent,
): Promise<{ line: string; place: LogPlace }> {
  const line = JSON.stringify({ i: after.i, t, ...event, ph: after.h })
  if (line.length > LOG_LINE_MAX_BYTES) throw new ProtocolFault('limit', 'line', 'log less in one line')
  return { line, place: { i: after.i + 1, h: await lineHash(line) } }
}

/**
 * Lines that follow one another from `after` on, and the place after the last.
 * @throws ProtocolFault bad_form for what is no line, bad_hash where the chain breaks
 */
export async function readLines(
  after: LogPlace,
  lines: readonly string[],
): Promise<{ entries: LogEntry[]; place: LogPlace }> {
  let place = after
  const entries: LogEntry[] = []
  for (const line of lines) {
    const entry = parseLine(line)
    if (entry.i !== place.i || entry.ph !== place.h)
      throw new ProtocolFault('bad_hash', 'ph', 'this log was rewritten: do not rely on it')
    entries.push(entry)
    place = { i: place.i + 1, h: await lineHash(line) }
  }
  return { entries, place }
}

/** @throws ProtocolFault bad_form */
export function parseLine(line: string): LogEntry {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new ProtocolFault('bad_form', 'line', 'a log line is JSON')
  }
  const parsed = v.safeParse(entry, value)
  if (!parsed.success) throw new ProtocolFault('bad_form', 'line', 'update the viewer: reload the page')
  return parsed.output
}

export const sealHead = (cam: KeyPair, place: LogPlace, c: Counters): Promise<string> =>
  seal(
    'os1-head',
    { v: 1, iss: cam.id, i: place.i, h: place.h, iat: Math.floor(Date.now() / 1000), c },
    cam.sign,
  )

export async function openHead(jws: unknown, pin: PublicKey, camId: KeyId): Promise<Payload<'os1-head'>> {
  const { payload } = await openEnvelope('os1-head', jws, claims => (claims.iss === camId ? pin : undefined))
  return payload
}

/** What a newer place says of one seen before: `shorter` and `forked` mean that the log was tampered with. */
export function compareHeads(seen: LogPlace, now: LogPlace): 'same' | 'longer' | 'shorter' | 'forked' {
  if (now.i < seen.i) return 'shorter'
  if (now.i > seen.i) return 'longer'
  return now.h === seen.h ? 'same' : 'forked'
}
