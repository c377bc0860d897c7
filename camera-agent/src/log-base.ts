import { type Counters, counters } from '@ownsight/protocol/messages'
import * as v from 'valibot'
import { AgentError } from './agent-error.ts'
import { readIfPresent, writeDurably } from './durable-file.ts'
import { parseJson } from './keystore.ts'
import { noCounts } from './log-counters.ts'

/** What the lines counted that are no longer kept: every line before number `i`. */
export type LogBase = { i: number; c: Counters }

export const BASE_FILE = 'log-base.json'

const file = v.strictObject({
  schema: v.literal(1),
  i: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  c: counters,
})

/** @throws AgentError */
export async function readBase(path: string): Promise<LogBase> {
  const text = await readIfPresent(path)
  if (text === undefined) return { i: 0, c: noCounts() }
  const parsed = v.safeParse(file, parseJson(text, path))
  if (!parsed.success)
    throw new AgentError('data', `${path} is damaged: restore it from a backup, or reset this camera.`)
  const { i, c } = parsed.output
  return { i, c }
}

export const writeBase = (path: string, base: LogBase): Promise<void> =>
  writeDurably(path, JSON.stringify({ schema: 1, ...base }))
