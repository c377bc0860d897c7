import { type Request, requests } from '@ownsight/protocol/events'
import type { Server } from 'socket.io'
import * as v from 'valibot'
import { camerasOf, findDevice, mayReach } from './accounts.ts'
import { authenticate } from './authenticate.ts'
import { pseudonym } from './log.ts'
import { pairOver, type Rendezvous } from './pair.ts'
import type { Presence } from './presence.ts'
import { rateLimit } from './rate-limit.ts'
import { hintOf } from './relay.ts'
import type { Runtime } from './runtime.ts'
import { checkHello, type ViewerSocket } from './sockets.ts'
import { policy, watch } from './watch.ts'

type Handlers = { [K in 'pair' | 'offer' | 'policy' | 'beacon']: (request: Request<K>) => Promise<unknown> }

/** What a viewer's device may ask, once it has proved its key. Any other event name has no handler. */
export function openViewerNamespace(
  io: Server,
  runtime: Runtime,
  presence: Presence,
  rendezvous: Rendezvous,
  salt: string,
): void {
  const namespace = io.of('/viewer')
  const messages = rateLimit({ burst: 60, perMinute: 300 })
  namespace.use(checkHello(runtime))
  namespace.on('connection', (raw: unknown) => {
    const socket = raw as ViewerSocket
    const device = (iss: string) => findDevice(runtime.db, iss)
    authenticate(socket, runtime, 'viewer', device, async key => {
      const account = (await device(key))?.account
      if (!account) return false
      presence.viewerIn(account, socket)
      socket.once('disconnect', () => presence.viewerOut(account, socket))
      serve(socket, account, key)
      for (const cam of await camerasOf(runtime.db, account)) socket.emit('presence', presence.read(cam))
      return true
    })
  })

  function serve(socket: ViewerSocket, account: string, key: string): void {
    const context = { runtime, presence, account, salt, from: pseudonym(key, salt) }
    const handlers: Handlers = {
      offer: request => watch(context, request),
      policy: request => policy(context, request),
      pair: request => pairOver(runtime, rendezvous, account, request),
      beacon: async ({ cam }) => {
        const { beacon } = presence.read(cam)
        if (!(await mayReach(runtime.db, account, cam))) return hintOf('unknown_camera')
        return beacon ? { beacon } : hintOf('offline')
      },
    }
    for (const kind of ['offer', 'policy', 'pair', 'beacon'] as const) {
      socket.on(kind, (received: unknown, ack: unknown) => void take(kind, received, ack))
    }
    async function take(kind: keyof Handlers, received: unknown, ack: unknown): Promise<void> {
      if (typeof ack !== 'function') return void runtime.metrics.refused.inc({ reason: 'no_ack' })
      if (!messages.take(key)) {
        runtime.metrics.refused.inc({ reason: 'rate' })
        return void ack(hintOf('rate'))
      }
      const parsed = v.safeParse(requests[kind], received)
      if (!parsed.success) {
        runtime.metrics.refused.inc({ reason: 'bad_form' })
        return void ack(hintOf('bad_form'))
      }
      try {
        ack(await handlers[kind](parsed.output as never))
      } catch (error) {
        runtime.log({ event: 'fault', namespace: 'viewer', kind, result: (error as Error).name })
        ack(hintOf('no_reply'))
      }
    }
  }
}
