import { calculateJwkThumbprint } from 'jose'
import { ProtocolFault } from './errors.ts'

/** A P-256 public key as its two coordinates, 43 base64url characters each (RFC 7518 §6.2.1). */
export type PublicKey = { x: string; y: string }

/** RFC 7638 thumbprint of a public key: the identifier *is* the key. 43 base64url characters. */
export type KeyId = string

export type KeyPair = { id: KeyId; publicKey: PublicKey; sign: CryptoKey }

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const

export const keyId = (key: PublicKey): Promise<KeyId> =>
  calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x: key.x, y: key.y })

/** A verification key. A point off the curve is `bad_key`. */
export async function importPublicKey(key: PublicKey): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('jwk', { kty: 'EC', crv: 'P-256', ...key }, P256, true, ['verify'])
  } catch {
    throw new ProtocolFault('bad_key', 'key', 'send the coordinates of a point on P-256')
  }
}

export async function exportPublicKey(key: CryptoKey): Promise<PublicKey> {
  const { x, y } = await crypto.subtle.exportKey('jwk', key)
  if (!x || !y) throw new ProtocolFault('bad_key', 'key', 'use a P-256 public key')
  return { x, y }
}

/** A fresh signing key; not extractable unless it must be written to the camera's own disk. */
export async function generateKeyPair(extractable = false): Promise<KeyPair> {
  const pair = await crypto.subtle.generateKey(P256, extractable, ['sign', 'verify'])
  const publicKey = await exportPublicKey(pair.publicKey)
  return { id: await keyId(publicKey), publicKey, sign: pair.privateKey }
}
