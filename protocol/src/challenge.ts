import { equalText, randomBytes, randomId, toBase64url } from './bytes.ts'
import { openEnvelope, seal, type Verified } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import type { Challenge } from './events.ts'
import { type KeyPair, keyId, type PublicKey } from './ids.ts'
import { CHALLENGE_BYTES, CHALLENGE_LIFETIME_S } from './limits.ts'

/**
 * Device ↔ server authentication (PROTOCOL.md §3). It serves presence and abuse control only: nothing that decides
 * who sees a picture rests on it, and cameras and viewers never trust an auth key.
 */

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** A challenge for one socket, `exp` in seconds since the epoch of the server's clock. */
export const newChallenge = (sock: string): Challenge => ({
  v: 1,
  sn: toBase64url(randomBytes(CHALLENGE_BYTES)),
  exp: nowSeconds() + CHALLENGE_LIFETIME_S,
  sock,
})

/** `origin` comes from the device's own configuration, never from the message: a phishing relay fails on it. */
export const sealAuth = (
  challenge: Challenge,
  device: { key: KeyPair; role: 'camera' | 'viewer'; origin: string },
): Promise<string> =>
  seal(
    'os1-auth',
    {
      v: 1,
      iss: device.key.id,
      origin: device.origin,
      role: device.role,
      sn: challenge.sn,
      cn: randomId(),
      sock: challenge.sock,
      iat: nowSeconds(),
    },
    device.key.sign,
  )

/**
 * The server's check. The caller forgets `challenge` before calling: each is good for one try.
 * @throws ProtocolFault stale_challenge, wrong_origin, bad_type and those of `openEnvelope`
 */
export async function openAuth(
  jws: unknown,
  expected: {
    challenge: Challenge
    origin: string
    role: 'camera' | 'viewer'
    resolve: (iss: string) => PublicKey | undefined | Promise<PublicKey | undefined>
    /** seconds since the epoch */
    now: number
  },
): Promise<Verified<'os1-auth'>> {
  const { challenge } = expected
  if (expected.now > challenge.exp)
    throw new ProtocolFault('stale_challenge', 'exp', 'connect again for a new challenge')
  const auth = await openEnvelope('os1-auth', jws, claims => expected.resolve(claims.iss))
  const { payload } = auth
  if (!equalText(payload.sn, challenge.sn) || payload.sock !== challenge.sock)
    throw new ProtocolFault('stale_challenge', 'sn', 'answer the challenge of this connection')
  if (payload.origin !== expected.origin)
    throw new ProtocolFault('wrong_origin', 'origin', 'configure the address this server is reached by')
  if (payload.role !== expected.role)
    throw new ProtocolFault('bad_type', 'role', `connect as ${payload.role}`)
  return auth
}

export const sealBind = (binding: {
  cam: KeyPair
  auth: PublicKey
  ticket: string
  origin: string
}): Promise<string> =>
  seal(
    'os1-bind',
    {
      v: 1,
      iss: binding.cam.id,
      cam: binding.cam.publicKey,
      auth: binding.auth,
      ticket: binding.ticket,
      origin: binding.origin,
      iat: nowSeconds(),
    },
    binding.cam.sign,
  )

/** Self-certifying: the key in the message is the one its `iss` is the thumbprint of. */
export async function openBind(jws: unknown, expected: { origin: string }): Promise<Verified<'os1-bind'>> {
  const bind = await openEnvelope('os1-bind', jws, async claims =>
    (await keyId(claims.cam)) === claims.iss ? claims.cam : undefined,
  )
  if (bind.payload.origin !== expected.origin)
    throw new ProtocolFault('wrong_origin', 'origin', 'configure the address this server is reached by')
  return bind
}
