import { newChallenge, openAuth } from '@ownsight/protocol/challenge'
import { faultCode } from '@ownsight/protocol/errors'
import { authRequest } from '@ownsight/protocol/events'
import type { PublicKey } from '@ownsight/protocol/ids'
import * as v from 'valibot'
import type { Runtime } from './runtime.ts'
import type { CameraSocket, ViewerSocket } from './sockets.ts'
import { nowSeconds } from './tokens.ts'

const ANSWER_MS = 5000

/**
 * Challenges one socket and resolves with the auth key id it proved. One challenge, one try: anything else
 * disconnects. This is for presence and abuse control; no right to a picture rests on it (PROTOCOL.md §3).
 */
export function authenticate(
  socket: CameraSocket | ViewerSocket,
  runtime: Runtime,
  role: 'camera' | 'viewer',
  resolve: (iss: string) => Promise<PublicKey | undefined>,
  onProved: (key: string) => Promise<boolean>,
): void {
  const challenge = newChallenge(socket.id)
  const asking = socket as ViewerSocket // both roles have the same two events here
  const deadline = setTimeout(() => socket.disconnect(true), ANSWER_MS)
  asking.once('disconnect', () => clearTimeout(deadline))

  const answer = async (request: unknown, ack: unknown): Promise<void> => {
    if (typeof ack !== 'function') return void socket.disconnect(true)
    const end = runtime.metrics.authSeconds.startTimer({ method: role })
    try {
      const { auth } = v.parse(authRequest, request)
      const expected = { challenge, origin: runtime.origin(), role, resolve, now: nowSeconds() }
      const { payload } = await openAuth(auth, expected)
      clearTimeout(deadline)
      if (!socket.connected || !(await onProved(payload.iss))) return void socket.disconnect(true)
      runtime.metrics.connections.inc({ role })
      asking.once('disconnect', () => runtime.metrics.connections.dec({ role }))
      ack({ ok: true, build: 'ownsight' })
    } catch (error) {
      const reason = faultCode(error)
      runtime.metrics.authFailures.inc({ reason })
      runtime.log({ event: 'auth', namespace: role, result: reason })
      ack({ hint: 'not_signed_in' })
      socket.disconnect(true)
    } finally {
      end()
    }
  }
  asking.once('auth', (request, ack) => void answer(request, ack))
  asking.emit('challenge', challenge)
}
