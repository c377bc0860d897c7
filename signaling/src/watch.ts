import { type Hint, type Reply, type Request, replies } from '@ownsight/protocol/events'
import { mayReach } from './accounts.ts'
import { pseudonym } from './log.ts'
import type { Presence } from './presence.ts'
import { hintOf, relay } from './relay.ts'
import type { Runtime } from './runtime.ts'

export type WatchContext = {
  runtime: Runtime
  presence: Presence
  account: string
  from: string
  salt: string
}

/**
 * The server's whole part in a live view: one sealed offer to the camera it names, one sealed reply back. It can
 * refuse and it can fail; it opens nothing and adds nothing.
 */
export async function watch(context: WatchContext, request: Request<'offer'>): Promise<Reply<'offer'>> {
  return route(context, request.cam, 'offer', { offer: request.offer }, replies.offer)
}

/** The same road for an owner's policy and the camera's signed ack. */
export async function policy(context: WatchContext, request: Request<'policy'>): Promise<Reply<'policy'>> {
  return route(context, request.cam, 'policy', { policy: request.policy }, replies.policy)
}

async function route<K extends 'offer' | 'policy'>(
  context: WatchContext,
  cam: string,
  kind: K,
  delivery: { [name: string]: string },
  schema: (typeof replies)[K],
): Promise<Reply<K> | Hint> {
  const { runtime, presence, account } = context
  const size = Object.values(delivery).join('').length
  const log = (result: string) =>
    runtime.log({
      event: 'relay',
      namespace: 'viewer',
      kind,
      size,
      result,
      from: context.from,
      to: pseudonym(cam, context.salt),
    })
  if (!(await mayReach(runtime.db, account, cam))) {
    runtime.metrics.relayed.inc({ kind, result: 'unknown_camera' })
    log('unknown_camera')
    return hintOf('unknown_camera')
  }
  const camera = presence.camera(cam)
  if (!camera) {
    runtime.metrics.relayed.inc({ kind, result: 'offline' })
    log('offline')
    return hintOf('offline')
  }
  const reply = (await relay(runtime, camera, kind, delivery, schema)) as Reply<K> | Hint
  log(Object.keys(reply)[0] ?? 'none')
  return reply
}
