import { openBind } from '@ownsight/protocol/challenge'
import { faultCode } from '@ownsight/protocol/errors'
import type { Hint, Reply, Request } from '@ownsight/protocol/events'
import { bindCamera } from './cameras.ts'
import { handle, hintOf, Refused, refuseOtherEvents } from './handle.ts'
import type { Rendezvous } from './pair.ts'
import { rateLimit } from './rate-limit.ts'
import type { Runtime } from './runtime.ts'
import type { DeviceSocket, Sockets } from './sockets.ts'

const UNPAIRED_MAX = 1000
const UNPAIRED_PER_ADDRESS = 20

/** Cameras without an owner: each may wait under one rendezvous id, and be bound once it is paired. */
export function openUnpairedNamespace(sockets: Sockets, runtime: Runtime, rendezvous: Rendezvous): void {
  const tries = rateLimit({ burst: 60, perMinute: 60 })
  const perAddress = new Map<string, number>()
  const namespace = sockets.open('/unpaired')
  namespace.on('connection', (socket: DeviceSocket) => {
    const address = sockets.addressOf(socket)
    const here = perAddress.get(address) ?? 0
    if (here >= UNPAIRED_PER_ADDRESS || namespace.sockets.size > UNPAIRED_MAX) {
      runtime.metrics.refused.inc({ reason: 'unpaired_limit' })
      return void socket.disconnect(true)
    }
    perAddress.set(address, here + 1)
    sockets.settled(socket)
    runtime.metrics.connections.inc({ role: 'unpaired' })
    const held = new Set<string>()
    socket.setMaxListeners(0)
    socket.once('disconnect', () => {
      const left = (perAddress.get(address) ?? 1) - 1
      if (left > 0) perAddress.set(address, left)
      else perAddress.delete(address)
      runtime.metrics.connections.dec({ role: 'unpaired' })
      for (const rid of held) if (rendezvous.get(rid)?.socket === socket) rendezvous.delete(rid)
    })
    refuseOtherEvents(socket, runtime, ['hold', 'bind'], { proved: true })
    const allowed = () => tries.take(address)
    handle(socket, runtime, 'hold', allowed, async request =>
      hold(rendezvous, socket, address, held, request),
    )
    handle(socket, runtime, 'bind', allowed, request => bind(runtime, request))
  })
}

/**
 * One id per socket. An id that is held is given up only to the same address: a camera that lost its connection
 * comes back before the server has noticed, a stranger who saw the id does not get it.
 */
function hold(
  rendezvous: Rendezvous,
  socket: DeviceSocket,
  address: string,
  held: Set<string>,
  { rid }: Request<'hold'>,
): Reply<'hold'> {
  const place = rendezvous.get(rid)
  if (place?.socket === socket) return { ok: true }
  if (held.size > 0 || (place && place.address !== address)) throw new Refused('taken')
  held.add(rid)
  rendezvous.set(rid, { socket, address, talks: place?.talks ?? new Map() })
  place?.socket.disconnect(true)
  return { ok: true }
}

async function bind(runtime: Runtime, request: Request<'bind'>): Promise<Reply<'bind'> | Hint> {
  const { payload } = await openBind(request.bind, { origin: runtime.origin() }).catch((error: unknown) => {
    throw new Refused('bad_form', faultCode(error))
  })
  const bound = await bindCamera(runtime.db, {
    id: payload.iss,
    key: payload.cam,
    auth: payload.auth,
    ticket: payload.ticket,
  })
  runtime.metrics.relayed.inc({ kind: 'bind', result: bound ? 'bound' : 'refused' })
  if (!bound) return hintOf('not_signed_in')
  // What it proved before belongs to the binding before.
  if (bound.changed) runtime.presence.camera(payload.iss)?.disconnect(true)
  return { ok: true }
}
