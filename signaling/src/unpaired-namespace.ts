import { openBind } from '@ownsight/protocol/challenge'
import { faultCode } from '@ownsight/protocol/errors'
import { requests } from '@ownsight/protocol/events'
import type { Server } from 'socket.io'
import * as v from 'valibot'
import { bindCamera } from './accounts.ts'
import type { Rendezvous } from './pair.ts'
import { rateLimit } from './rate-limit.ts'
import { hintOf } from './relay.ts'
import type { Runtime } from './runtime.ts'
import { checkHello, type UnpairedSocket } from './sockets.ts'

const UNPAIRED_MAX = 1000
const UNPAIRED_PER_ADDRESS = 20

/** Cameras without an owner: each may wait under one rendezvous id, and be bound once it is paired. */
export function openUnpairedNamespace(io: Server, runtime: Runtime, rendezvous: Rendezvous): void {
  const namespace = io.of('/unpaired')
  const tries = rateLimit({ burst: 60, perMinute: 60 })
  const perAddress = new Map<string, number>()
  namespace.use(checkHello(runtime))
  namespace.on('connection', (raw: unknown) => {
    const socket = raw as UnpairedSocket
    const address = addressOf(socket, runtime)
    const here = (perAddress.get(address) ?? 0) + 1
    if (here > UNPAIRED_PER_ADDRESS || namespace.sockets.size > UNPAIRED_MAX) {
      runtime.metrics.refused.inc({ reason: 'unpaired_limit' })
      return void socket.disconnect(true)
    }
    perAddress.set(address, here)
    let held: string | undefined
    socket.once('disconnect', () => {
      const left = (perAddress.get(address) ?? 1) - 1
      if (left > 0) perAddress.set(address, left)
      else perAddress.delete(address)
      if (held && rendezvous.get(held)?.socket === socket) rendezvous.delete(held)
    })
    socket.on('hold', (received: unknown, ack: unknown) => {
      if (typeof ack !== 'function') return
      const parsed = v.safeParse(requests.hold, received)
      if (!parsed.success) return void ack(hintOf('bad_form'))
      const { rid } = parsed.output
      if ((held && held !== rid) || (rendezvous.has(rid) && rendezvous.get(rid)?.socket !== socket)) {
        runtime.metrics.refused.inc({ reason: 'taken' })
        return void ack(hintOf('taken'))
      }
      held = rid
      if (!rendezvous.has(rid)) rendezvous.set(rid, { socket })
      ack({ ok: true })
    })
    socket.on('bind', (received: unknown, ack: unknown) => {
      if (typeof ack === 'function') void bind(received).then(reply => ack(reply))
    })

    async function bind(received: unknown) {
      const parsed = v.safeParse(requests.bind, received)
      if (!parsed.success) return hintOf('bad_form')
      if (!tries.take(address)) return hintOf('rate')
      try {
        const { payload } = await openBind(parsed.output.bind, { origin: runtime.origin() })
        const bound = await bindCamera(runtime.db, {
          id: payload.iss,
          auth: payload.auth,
          ticket: payload.ticket,
        })
        runtime.metrics.relayed.inc({ kind: 'bind', result: bound ? 'bound' : 'refused' })
        return bound ? { ok: true as const } : hintOf('not_signed_in')
      } catch (error) {
        runtime.metrics.authFailures.inc({ reason: faultCode(error) })
        return hintOf('bad_form')
      }
    }
  })
}

const addressOf = (socket: UnpairedSocket, runtime: Runtime): string => {
  const forwarded = socket.handshake.headers['x-forwarded-for']
  const last = runtime.config.behindProxy
    ? String(forwarded ?? '')
        .split(',')
        .at(-1)
        ?.trim()
    : undefined
  return last || socket.handshake.address
}
