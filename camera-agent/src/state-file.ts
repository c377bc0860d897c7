import type { KeyId } from '@ownsight/protocol/ids'
import { WAITING_MAX } from '@ownsight/protocol/limits'
import { id22, id43, publicKey } from '@ownsight/protocol/messages'
import * as v from 'valibot'
import { AgentError } from './agent-error.ts'
import { readIfPresent } from './durable-file.ts'
import { parseJson } from './keystore.ts'

export const STATE_FILE = 'state.json'
export const STATE_SCHEMA = 2

const members = {
  camId: id43,
  root: publicKey,
  policy: v.string(),
  signer: publicKey,
  /** names the account binding on the server; no right */
  ticket: v.nullable(id22),
  bound: v.boolean(),
  /** seconds: the newest time this camera has reason to believe in */
  floor: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
}
/** Everything a paired camera must not forget, in one file replaced as a whole. */
const stateFile = v.strictObject({
  schema: v.literal(STATE_SCHEMA),
  ...members,
  /** guests who redeemed an invitation and wait for an admin */
  waiting: v.pipe(
    v.array(
      v.strictObject({ inv: id43, k: publicKey, at: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
    ),
    v.maxLength(WAITING_MAX),
  ),
})
/** Before guests could be invited. */
const firstStateFile = v.strictObject({ schema: v.literal(1), ...members })
export type CameraState = v.InferOutput<typeof stateFile>

/** The state of this very camera, or undefined when it has none. @throws AgentError */
export async function loadState(path: string, camId: KeyId): Promise<CameraState | undefined> {
  const text = await readIfPresent(path)
  if (text === undefined) return undefined
  const value = upgrade(parseJson(text, path))
  const parsed = v.safeParse(stateFile, value)
  if (!parsed.success) {
    const schema = (value as { schema?: unknown } | null)?.schema
    throw new AgentError(
      'data',
      typeof schema === 'number' && schema > STATE_SCHEMA
        ? `${path} was written by a newer camera agent: update the camera agent.`
        : `${path} is damaged: restore it from a backup, or reset this camera.`,
    )
  }
  return parsed.output.camId === camId ? parsed.output : undefined
}

function upgrade(value: unknown): unknown {
  const first = v.safeParse(firstStateFile, value)
  return first.success ? { ...first.output, schema: STATE_SCHEMA, waiting: [] } : value
}
