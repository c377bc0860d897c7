import { randomId } from './bytes.ts'
import { openEnvelope, seal, type Verified } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import { type KeyId, type KeyPair, keyId, type PublicKey } from './ids.ts'
import type { Payload, Policy } from './messages.ts'
import type { PolicyInForce } from './policy.ts'

/** How an admin learns what is in force (PROTOCOL.md §6): a signed question, an answer only the camera can sign. */

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** @param signer an admin device's key, or root while restoring control */
export async function sealRead(
  signer: KeyPair,
  question: { camId: KeyId; what: 'policy' } | { camId: KeyId; what: 'log'; th: string; from: number },
): Promise<{ read: string; no: string }> {
  const { camId, ...rest } = question
  const no = randomId()
  return { read: await seal('os1-read', { v: 1, iss: signer.id, aud: camId, no, ...rest }, signer.sign), no }
}

/** The camera's check: an admin of the policy in force, or its root. @throws ProtocolFault */
export async function openRead(
  jws: unknown,
  camera: { camId: KeyId; policy: PolicyInForce },
): Promise<Payload<'os1-read'>> {
  const { payload } = await openEnvelope(
    'os1-read',
    jws,
    ({ iss }) => adminKey(camera.policy, iss),
    camera.camId,
  )
  return payload
}

/** The key of an admin, or of root. */
export const adminKey = (policy: PolicyInForce, iss: KeyId): PublicKey | undefined =>
  iss === policy.policy.root ? policy.root : policy.admins.get(iss)

export const sealStatus = (
  cam: KeyPair,
  status: Omit<Payload<'os1-status'>, 'v' | 'iss' | 'iat'>,
): Promise<string> => seal('os1-status', { v: 1, iss: cam.id, iat: nowSeconds(), ...status }, cam.sign)

export type InForce = { policy: Policy; hash: string; jws: string; status: Verified<'os1-status'> }

/**
 * The asker's check. The camera vouches for document and signer: it accepted the one from the other.
 * @throws ProtocolFault foreign_answer, bad_hash and those of `openEnvelope`
 */
export async function openStatus(
  reply: { policy: string; status: string },
  expected: { camId: KeyId; pin: PublicKey; asker: KeyId; no: string },
): Promise<InForce> {
  const { camId, pin, asker, no } = expected
  const status = await openEnvelope(
    'os1-status',
    reply.status,
    ({ iss }) => (iss === camId ? pin : undefined),
    asker,
  )
  if (status.payload.no !== no)
    throw new ProtocolFault('foreign_answer', 'no', 'answer the question that was asked')
  const { ph, signer } = status.payload
  const signerId = await keyId(signer)
  const policy = await openEnvelope('os1-policy', reply.policy, ({ iss }) =>
    iss === signerId ? signer : undefined,
  )
  if (policy.hash !== ph) throw new ProtocolFault('bad_hash', 'ph', 'show the policy that is in force')
  if (policy.payload.cam !== camId)
    throw new ProtocolFault('wrong_aud', 'cam', 'show the policy of this camera')
  return { policy: policy.payload, hash: ph, jws: reply.policy, status }
}

/** @throws ProtocolFault bad_hash unless the camera confirms exactly this document */
export async function openAck(
  jws: unknown,
  expected: { camId: KeyId; pin: PublicKey; ph: string },
): Promise<Payload<'os1-ack'>> {
  const { camId, pin, ph } = expected
  const { payload } = await openEnvelope('os1-ack', jws, ({ iss }) => (iss === camId ? pin : undefined))
  if (payload.ph !== ph) throw new ProtocolFault('bad_hash', 'ph', 'acknowledge the policy that was sent')
  return payload
}
