import { requests } from '@ownsight/protocol/events'
import type { Server } from 'socket.io'
import * as v from 'valibot'
import { findCameraByAuth } from './accounts.ts'
import { authenticate } from './authenticate.ts'
import type { Presence } from './presence.ts'
import { rateLimit } from './rate-limit.ts'
import { hintOf } from './relay.ts'
import type { Runtime } from './runtime.ts'
import { type CameraSocket, checkHello } from './sockets.ts'

/** A bound camera: present while its socket is, with the newest beacon it published. */
export function openCameraNamespace(io: Server, runtime: Runtime, presence: Presence): void {
  const namespace = io.of('/camera')
  const publishes = rateLimit({ burst: 20, perMinute: 60 })
  namespace.use(checkHello(runtime))
  namespace.on('connection', (raw: unknown) => {
    const socket = raw as CameraSocket
    const find = (iss: string) => findCameraByAuth(runtime.db, iss)
    authenticate(socket, runtime, 'camera', find, async key => {
      const camera = await find(key)
      if (!camera) return false
      const { id, account } = camera
      presence.cameraIn(id, account, socket)
      socket.once('disconnect', () => presence.cameraOut(id, account, socket))
      socket.on('publish', (received: unknown, ack: unknown) => {
        if (typeof ack !== 'function') return
        const parsed = v.safeParse(requests.publish, received)
        if (!parsed.success) return void ack(hintOf('bad_form'))
        if (!publishes.take(key)) return void ack(hintOf('rate'))
        presence.beacon(id, account, socket, parsed.output.beacon)
        ack({ ok: true })
      })
      return true
    })
  })
}
