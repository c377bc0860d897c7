import { createHmac, randomBytes } from 'node:crypto'
import { VERSION } from '@ownsight/protocol/version'
import { type DestinationStream, pino } from 'pino'
import { toStderr } from './log-writer.ts'
import { rateLimit } from './rate-limit.ts'

/**
 * What a log line may hold, and in which shape; anything else is dropped before it reaches pino. Words come from
 * closed lists in the code, people and devices appear as pseudonyms: a description, a token, a name or an address
 * has no way in.
 */
export type LogFields = {
  event: string
  namespace?: 'camera' | 'viewer' | 'unpaired' | 'http'
  kind?: string
  result?: string
  status?: number
  /** milliseconds */
  ms?: number
  /** bytes */
  size?: number
  from?: string
  to?: string
  /** lines of the same event, namespace and kind that were left out since the last one written */
  skipped?: number
}

const WEEK_MS = 7 * 86_400_000
const WORD = /^[A-Za-z0-9_:/.*-]{1,40}$/
const SHAPES: { [K in keyof Required<LogFields>]: RegExp | 'number' } = {
  event: /^[a-z_]{1,32}$/,
  namespace: /^[a-z]{1,16}$/,
  kind: WORD,
  result: WORD,
  status: 'number',
  ms: 'number',
  size: 'number',
  from: /^p[0-9a-f]{12}$/,
  to: /^p[0-9a-f]{12}$/,
  skipped: 'number',
}

/** Lines of one kind: who asks ten thousand times a second neither fills a disk nor hides what else is told. */
const ENOUGH = { burst: 1000, perMinute: 6000 }

export type Log = (fields: LogFields) => void

/** A name for this run of the server, in both logs. */
export const newInstance = (): string => randomBytes(4).toString('hex')

export function openLog(
  level: 'silent' | 'info' | 'debug',
  destination?: DestinationStream,
  instance = newInstance(),
  now?: () => number,
): Log {
  const options = {
    level,
    base: { build: VERSION, instance },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  const logger = pino(options, destination ?? toStderr())
  const enough = rateLimit({ ...ENOUGH, ...(now ? { now } : {}) })
  const skipped = new Map<string, number>()
  return fields => {
    const kept = allowed(fields)
    const key = `${kept.event} ${kept.namespace} ${kept.kind}`
    if (!enough.take(key)) {
      skipped.set(key, (skipped.get(key) ?? 0) + 1)
      return
    }
    const left = skipped.get(key)
    skipped.delete(key)
    logger.info(left ? { ...kept, skipped: left } : kept)
  }
}

function allowed(fields: LogFields): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const [name, shape] of Object.entries(SHAPES)) {
    const value: unknown = fields[name as keyof LogFields]
    if (value === undefined) continue
    const fits =
      shape === 'number' ? typeof value === 'number' : typeof value === 'string' && shape.test(value)
    kept[name] = fits ? value : 'unfit'
  }
  return kept
}

/**
 * Stand-ins for ids: the same one within a week and one run of the server, and nothing elsewhere. The key is never
 * written, so there is nothing to destroy later.
 */
export function createPseudonyms(now: () => number = Date.now): (id: string) => string {
  let week = -1
  let key = randomBytes(32)
  return id => {
    const current = Math.floor(now() / WEEK_MS)
    if (current !== week) key = randomBytes(32)
    week = current
    return `p${createHmac('sha256', key).update(id).digest('hex').slice(0, 12)}`
  }
}
