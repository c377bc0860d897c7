import { newChallenge, openAuth } from '@ownsight/protocol/challenge'
import { faultCode } from '@ownsight/protocol/errors'
import { authRequest } from '@ownsight/protocol/events'
import type { PublicKey } from '@ownsight/protocol/ids'
import { VERSION } from '@ownsight/protocol/version'
import * as v from 'valibot'
import type { Runtime } from './runtime.ts'
import type { DeviceSocket } from './sockets.ts'
import { nowSeconds } from './tokens.ts'

const ANSWER_MS = 5000

export type Proof = {
  /** id of the auth key that answered */
  key: string
  /** Tells the device that it is in. */
  accept(): void
}

/**
 * Challenges one socket: one challenge, one try, and it is disconnected when that fails. For presence and abuse
 * control only; no right to a picture rests on it (PROTOCOL.md §3).
 */
export async function authenticate(
  socket: DeviceSocket,
  runtime: Runtime,
  role: 'camera' | 'viewer',
  resolve: (iss: string) => Promise<PublicKey | undefined>,
): Promise<Proof | undefined> {
  const challenge = newChallenge(socket.id)
  const answered = firstAnswer(socket)
  socket.emit('challenge', challenge)
  const answer = await answered
  if (!answer) return refuse('no_answer')
  const end = runtime.metrics.authSeconds.startTimer({ method: role })
  try {
    const { auth } = v.parse(authRequest, answer.request)
    const expected = { challenge, origin: runtime.origin(), role, resolve, now: nowSeconds() }
    const { payload } = await openAuth(auth, expected)
    return { key: payload.iss, accept: () => answer.ack({ ok: true, build: VERSION }) }
  } catch (error) {
    answer.ack({ hint: 'not_signed_in' })
    return refuse(faultCode(error))
  } finally {
    end()
  }

  function refuse(reason: string): undefined {
    runtime.metrics.authFailures.inc({ reason })
    runtime.log({ event: 'auth', namespace: role, result: reason })
    socket.disconnect(true)
  }
}

type Answer = { request: unknown; ack: (reply: unknown) => void }

/** Undefined when it leaves, stays silent, or asks for no reply. */
function firstAnswer(socket: DeviceSocket): Promise<Answer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Answer | undefined>()
  const silent = setTimeout(() => resolve(undefined), ANSWER_MS)
  const left = () => resolve(undefined)
  socket.once('disconnect', left)
  socket.once('auth', (request: unknown, ack: unknown) =>
    resolve(typeof ack === 'function' ? { request, ack: reply => ack(reply) } : undefined),
  )
  return promise.finally(() => {
    clearTimeout(silent)
    socket.off('disconnect', left)
  })
}
