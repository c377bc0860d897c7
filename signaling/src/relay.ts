import type { Hint, HintCode } from '@ownsight/protocol/events'
import * as v from 'valibot'
import type { Runtime } from './runtime.ts'

export const hintOf = (code: HintCode): Hint => ({ hint: code })

/** One socket as seen from here: something that takes a delivery and acknowledges it. */
export type Callee = {
  timeout(ms: number): { emitWithAck(event: string, delivery: unknown): Promise<unknown> }
}

const REPLY_MS = 15_000

/**
 * Hands one delivery to the other side and returns its reply, checked for form only. The server cannot answer in
 * its place: whatever is not a well-formed reply becomes a hint, and a hint is no verdict.
 */
export async function relay<S extends v.GenericSchema>(
  runtime: Runtime,
  callee: Callee,
  event: 'offer' | 'policy' | 'pair',
  delivery: unknown,
  reply: S,
): Promise<v.InferOutput<S> | Hint> {
  const end = runtime.metrics.relaySeconds.startTimer({ kind: event })
  try {
    const parsed = v.safeParse(reply, await callee.timeout(REPLY_MS).emitWithAck(event, delivery))
    runtime.metrics.relayed.inc({ kind: event, result: parsed.success ? 'replied' : 'bad_reply' })
    return parsed.success ? parsed.output : hintOf('no_reply')
  } catch {
    runtime.metrics.relayed.inc({ kind: event, result: 'no_reply' })
    return hintOf('no_reply')
  } finally {
    end()
  }
}
