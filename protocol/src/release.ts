import { openEnvelope, seal } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import type { KeyId, KeyPair, PublicKey } from './ids.ts'
import type { Payload } from './messages.ts'
import type { PolicyInForce } from './policy.ts'
import { adminKey } from './read.ts'

/** Handing a camera over from afar (PROTOCOL.md §12): it forgets this home and its own key. */

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** @param inForce number and hash of the policy in force: a release kept from before is of no use later */
export const sealRelease = (
  signer: KeyPair,
  camId: KeyId,
  inForce: { n: number; ph: string },
): Promise<string> =>
  seal('os1-release', { v: 1, iss: signer.id, aud: camId, ...inForce, iat: nowSeconds() }, signer.sign)

/** @throws ProtocolFault bad_epoch, bad_hash and those of `openEnvelope` */
export async function openRelease(
  jws: unknown,
  camera: { camId: KeyId; policy: PolicyInForce },
): Promise<Payload<'os1-release'>> {
  const { camId, policy } = camera
  const { payload } = await openEnvelope('os1-release', jws, ({ iss }) => adminKey(policy, iss), camId)
  if (payload.n !== policy.policy.n)
    throw new ProtocolFault('bad_epoch', 'n', 'read the policy in force and release on top of that')
  if (payload.ph !== policy.hash)
    throw new ProtocolFault('bad_hash', 'ph', 'read the policy in force and release on top of that')
  return payload
}

export const sealReleased = (cam: KeyPair, aud: KeyId, ph: string): Promise<string> =>
  seal('os1-released', { v: 1, iss: cam.id, aud, ph, iat: nowSeconds() }, cam.sign)

export async function openReleased(
  jws: unknown,
  expected: { camId: KeyId; pin: PublicKey; asker: KeyId; ph: string },
): Promise<void> {
  const { camId, pin, asker, ph } = expected
  const { payload } = await openEnvelope(
    'os1-released',
    jws,
    ({ iss }) => (iss === camId ? pin : undefined),
    asker,
  )
  if (payload.ph !== ph) throw new ProtocolFault('bad_hash', 'ph', 'confirm the release that was asked')
}
