import { authenticate } from './authenticate.ts'
import { camerasOf, mayReach } from './cameras.ts'
import { findDevice } from './devices.ts'
import { reachedBy } from './guests.ts'
import { handle, hintOf, refuseOtherEvents } from './handle.ts'
import { createJoins } from './join.ts'
import { pair, type Rendezvous } from './pair.ts'
import { rateLimit } from './rate-limit.ts'
import { lendRelays } from './relays.ts'
import type { Runtime } from './runtime.ts'
import type { DeviceSocket, Sockets } from './sockets.ts'
import { type Asker, TO_CAMERA_KINDS, watch } from './watch.ts'

const EVENTS = [...TO_CAMERA_KINDS, 'pair', 'beacon', 'hold', 'join', 'relays']

/** What a viewer's device may ask, once it has proved its key. */
export function openViewerNamespace(sockets: Sockets, runtime: Runtime, rendezvous: Rendezvous): void {
  const { presence, metrics, db } = runtime
  const messages = rateLimit({ burst: 60, perMinute: 300 })
  const firsts = rateLimit({ burst: 20, perMinute: 10 })
  const grants = rateLimit({ burst: 10, perMinute: 5 })
  const joins = createJoins()
  sockets.open('/viewer').on('connection', (socket: DeviceSocket) => {
    const state = { proved: false }
    refuseOtherEvents(socket, runtime, EVENTS, state)
    void admit(socket, state).catch((error: unknown) => {
      runtime.log({ event: 'fault', namespace: 'viewer', result: (error as Error).name })
      socket.disconnect(true)
    })
  })

  async function admit(socket: DeviceSocket, state: { proved: boolean }): Promise<void> {
    const proof = await authenticate(socket, runtime, 'viewer', iss => findDevice(db, iss))
    const account = proof && (await findDevice(db, proof.key))?.account
    const cameras = account ? await camerasOf(db, account) : []
    const reached = account ? await reachedBy(db, account) : []
    // From here to the end nothing waits: a socket that left meanwhile leaves nothing behind.
    if (!proof || !account || !socket.connected) return void socket.disconnect(true)
    state.proved = true
    sockets.settled(socket)
    presence.viewerIn(account, socket)
    metrics.connections.inc({ role: 'viewer' })
    socket.once('disconnect', () => {
      presence.viewerOut(account, socket)
      metrics.connections.dec({ role: 'viewer' })
    })
    serve(socket, proof.key, { socket, account, pseudonym: runtime.pseudonym(proof.key) })
    proof.accept()
    for (const cam of cameras) socket.emit('presence', presence.read(cam))
    for (const cam of reached) presence.follow(cam, account)
  }

  function serve(socket: DeviceSocket, key: string, asker: Asker): void {
    const allowed = () => messages.take(key)
    for (const kind of TO_CAMERA_KINDS)
      handle(socket, runtime, kind, allowed, request => watch(runtime, asker, kind, request))
    handle(
      socket,
      runtime,
      'relays',
      () => grants.take(key),
      async () => lendRelays(runtime),
    )
    handle(socket, runtime, 'hold', allowed, async request => joins.hold(socket, asker.account, request))
    handle(socket, runtime, 'join', allowed, request => joins.join(runtime, firsts, asker, request))
    handle(socket, runtime, 'pair', allowed, request => pair(runtime, rendezvous, firsts, asker, request))
    handle(socket, runtime, 'beacon', allowed, async ({ cam }) => {
      if (!(await mayReach(db, asker.account, cam))) return hintOf('unknown_camera')
      const { beacon } = presence.read(cam)
      return beacon ? { beacon } : hintOf('offline')
    })
  }
}
