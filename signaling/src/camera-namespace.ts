import { authenticate } from './authenticate.ts'
import { findCameraByAuth } from './cameras.ts'
import { handle, refuseOtherEvents } from './handle.ts'
import { rateLimit } from './rate-limit.ts'
import { requireTyp } from './relay.ts'
import { lendRelays } from './relays.ts'
import type { Runtime } from './runtime.ts'
import type { DeviceSocket, Sockets } from './sockets.ts'

/** A bound camera: present while its socket is, with the newest beacon it published. */
export function openCameraNamespace(sockets: Sockets, runtime: Runtime): void {
  const { presence, metrics, db } = runtime
  const publishes = rateLimit({ burst: 20, perMinute: 60 })
  const grants = rateLimit({ burst: 10, perMinute: 5 })
  sockets.open('/camera').on('connection', (socket: DeviceSocket) => {
    // One listener for each offer it is being asked.
    socket.setMaxListeners(0)
    const state = { proved: false }
    refuseOtherEvents(socket, runtime, ['publish', 'relays'], state)
    void admit(socket, state).catch((error: unknown) => {
      runtime.log({ event: 'fault', namespace: 'camera', result: (error as Error).name })
      socket.disconnect(true)
    })
  })

  async function admit(socket: DeviceSocket, state: { proved: boolean }): Promise<void> {
    const proof = await authenticate(socket, runtime, 'camera', iss => findCameraByAuth(db, iss))
    const camera = proof && (await findCameraByAuth(db, proof.key))
    // From here to the end nothing waits: a socket that left meanwhile leaves nothing behind.
    if (!camera || !socket.connected) return void socket.disconnect(true)
    const { id, account } = camera
    state.proved = true
    sockets.settled(socket)
    presence.cameraIn(id, account, socket)
    metrics.connections.inc({ role: 'camera' })
    socket.once('disconnect', () => {
      presence.cameraOut(id, account, socket)
      metrics.connections.dec({ role: 'camera' })
    })
    handle(
      socket,
      runtime,
      'publish',
      () => publishes.take(proof.key),
      async ({ beacon, head, ways }) => {
        requireTyp(beacon, 'os1-beacon')
        runtime.routed.received(beacon, socket)
        presence.beacon(id, account, socket, beacon)
        for (const [way, count] of Object.entries(ways ?? {})) metrics.sessions.inc({ way }, count)
        if (head !== undefined) await runtime.heads.keep(id, head)
        return { ok: true }
      },
    )
    handle(
      socket,
      runtime,
      'relays',
      () => grants.take(proof.key),
      async () => lendRelays(runtime),
    )
    proof.accept()
  }
}
