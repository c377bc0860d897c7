import { mapHashToField } from '@noble/curves/abstract/modular.js'
import { p256 } from '@noble/curves/nist.js'
import { type Bytes, equalBytes, fromBase64url, randomBytes, text, toBase64url, utf8 } from './bytes.ts'
import { openEnvelope, seal, type Verified } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import { importPublicKey, type KeyId, type KeyPair, keyId, type PublicKey } from './ids.ts'
import { NAME_MAX_LENGTH } from './limits.ts'
import { type Clock, type PolicyInForce, withinTime } from './policy.ts'

/**
 * Guests (PROTOCOL.md §12). The policy names an invite key; its private half travels in a link. Whoever opens the link
 * ties a view key of their own to it, once; that key may watch only after an admin has put it into the policy.
 */

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

export type Invitation = { camId: KeyId; secret: Bytes; name: string }

/** 32 bytes: the private key itself. */
export const newInviteSecret = (): Bytes => scalarBytes(mapHashToField(randomBytes(48), p256.Point.Fn.ORDER))

const scalarBytes = (scalar: Uint8Array): Bytes => new Uint8Array(scalar)

/** @throws ProtocolFault bad_form for bytes that are no private key */
export async function inviteKeyPair(secret: Bytes): Promise<KeyPair> {
  try {
    const point = p256.getPublicKey(secret, false)
    const publicKey = { x: toBase64url(point.slice(1, 33)), y: toBase64url(point.slice(33)) }
    const jwk = { kty: 'EC', crv: 'P-256', ...publicKey, d: toBase64url(secret) }
    const sign = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
    ])
    return { id: await keyId(publicKey), publicKey, sign }
  } catch {
    throw new ProtocolFault('bad_form', 'invitation', 'ask for the link again, and open all of it')
  }
}

/** `os1-invite:<secret>:<camId>:<name>`, for the fragment of a link: a fragment is never sent to a server. */
export const formatInvitation = ({ secret, camId, name }: Invitation): string =>
  `os1-invite:${toBase64url(secret)}:${camId}:${toBase64url(utf8(name))}`

/** @throws ProtocolFault bad_form with what the person should do */
export function parseInvitation(input: string): Invitation {
  const match = /^os1-invite:([A-Za-z0-9_-]{43}):([A-Za-z0-9_-]{43}):([A-Za-z0-9_-]{1,400})$/.exec(
    input.trim(),
  )
  if (!match?.[1] || !match[2] || !match[3])
    throw new ProtocolFault('bad_form', 'invitation', 'ask for the link again, and open all of it')
  const name = text(fromBase64url(match[3])).trim()
  if (name.length === 0 || name.length > NAME_MAX_LENGTH)
    throw new ProtocolFault('bad_form', 'invitation', 'ask for the link again, and open all of it')
  fromBase64url(match[2])
  return { secret: fromBase64url(match[1]), camId: match[2], name }
}

/** @param win a window nonce of the camera's newest beacon */
export async function sealRedeem(redemption: {
  invite: KeyPair
  view: KeyPair
  camId: KeyId
  win: string
}): Promise<string> {
  const { invite, view, camId, win } = redemption
  const own = await seal('os1-own', { v: 1, iss: view.id, aud: camId, inv: invite.id, win }, view.sign)
  const payload = {
    v: 1 as const,
    iss: invite.id,
    aud: camId,
    win,
    view: view.publicKey,
    own,
    iat: nowSeconds(),
  }
  return seal('os1-redeem', payload, invite.sign)
}

/**
 * The camera's check: an invitation of the policy in force, within its time, both signatures, a fresh window.
 * @throws ProtocolFault unknown_invite, stale_win, clock, expired, private, bad_key and those of `openEnvelope`
 */
export async function openRedeem(
  jws: unknown,
  camera: { camId: KeyId; policy: PolicyInForce; clock: Clock; windows: readonly string[] },
): Promise<{ redeem: Verified<'os1-redeem'>; view: PublicKey; viewId: KeyId }> {
  const { camId, policy, clock, windows } = camera
  const redeem = await openEnvelope('os1-redeem', jws, claims => policy.invites.get(claims.iss)?.k, camId)
  const { iss, view, own, win } = redeem.payload
  const entry = policy.invites.get(iss)
  if (!entry) throw new ProtocolFault('unknown_invite', 'iss', 'ask the owner for a new invitation')
  if (!windows.includes(win)) throw new ProtocolFault('stale_win', 'win', 'fetch a new beacon and try again')
  withinTime(entry, clock)
  await importPublicKey(view)
  const viewId = await keyId(view)
  const proof = await openEnvelope(
    'os1-own',
    own,
    claims => (claims.iss === viewId ? view : undefined),
    camId,
  )
  if (proof.payload.inv !== iss || proof.payload.win !== win)
    throw new ProtocolFault('bad_hash', 'own', 'prove the view key for this invitation')
  if (policy.viewers.has(viewId) || policy.admins.has(viewId) || policy.invites.has(viewId))
    throw new ProtocolFault('used', 'view', 'this device is let in already')
  return { redeem, view, viewId }
}

export const sealRedeemed = (cam: KeyPair, redeemed: { aud: KeyId; inv: KeyId }): Promise<string> =>
  seal('os1-redeemed', { v: 1, iss: cam.id, ...redeemed, cam: cam.publicKey, iat: nowSeconds() }, cam.sign)

/** The guest's check. The camera's key comes with it and is the one the link's camId is the thumbprint of: pin it. */
export async function openRedeemed(
  jws: unknown,
  expected: { camId: KeyId; view: KeyId; invite: KeyId },
): Promise<PublicKey> {
  const { payload } = await openEnvelope(
    'os1-redeemed',
    jws,
    async claims =>
      claims.iss === expected.camId && (await keyId(claims.cam)) === expected.camId ? claims.cam : undefined,
    expected.view,
  )
  if (payload.inv !== expected.invite)
    throw new ProtocolFault('foreign_answer', 'inv', 'answer the redemption of this invitation')
  return payload.cam
}

export const sameKey = (a: PublicKey, b: PublicKey): boolean =>
  equalBytes(utf8(`${a.x}.${a.y}`), utf8(`${b.x}.${b.y}`))
