import { mapHashToField } from '@noble/curves/abstract/modular.js'
import { p256 } from '@noble/curves/nist.js'
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { type Bytes, fromBase64url, hkdf, randomBytes, toBase64url } from './bytes.ts'
import { ProtocolFault } from './errors.ts'
import { type KeyPair, keyId } from './ids.ts'

/** The recovery kit: 32 random bytes from which the root key and the roster key follow. Never stored on a device. */

export const newRootSeed = (): Bytes => randomBytes(32)

/** 24 words (BIP-39, English). */
export const seedToWords = (seed: Bytes): string[] => entropyToMnemonic(seed, wordlist).split(' ')

export function wordsToSeed(words: readonly string[]): Bytes {
  try {
    const entropy = mnemonicToEntropy(words.map(word => word.trim().toLowerCase()).join(' '), wordlist)
    if (entropy.length === 32) return new Uint8Array(entropy)
  } catch {
    // falls through to the one sentence below
  }
  throw new ProtocolFault('bad_form', 'words', 'enter all 24 words of the kit, in their order')
}

/** The root key pair of a seed; the private half is not extractable. */
export async function rootKeyPair(seed: Bytes): Promise<KeyPair> {
  const scalar = mapHashToField(await hkdf(seed, 'os1 root', 48), p256.Point.Fn.ORDER)
  const point = p256.getPublicKey(scalar, false)
  const publicKey = { x: toBase64url(point.slice(1, 33)), y: toBase64url(point.slice(33)) }
  const jwk = { kty: 'EC', crv: 'P-256', ...publicKey, d: toBase64url(scalar) }
  const sign = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
  ])
  return { id: await keyId(publicKey), publicKey, sign }
}

/** kR as 32 bytes. */
export const rosterKeyBytes = (seed: Bytes): Promise<Bytes> => hkdf(seed, 'os1 roster', 32)

/** kR: AES-256-GCM. Extractable, since an admin device must be able to give it to a second one (decision 0005). */
export const importRosterKey = (kR: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', kR, 'AES-GCM', true, ['encrypt', 'decrypt'])

export const rosterKey = async (seed: Bytes): Promise<CryptoKey> =>
  importRosterKey(await rosterKeyBytes(seed))

/**
 * Reads the kit: its line, or its 24 words (which name no cameras).
 * @throws ProtocolFault bad_form with what the person should do
 */
export function parseKit(input: string): { seed: Bytes; camIds: string[] } {
  const match = /^os1-kit:([A-Za-z0-9_-]{43}):((?:[A-Za-z0-9_-]{43}(?:,[A-Za-z0-9_-]{43})*)?)$/.exec(
    input.trim(),
  )
  if (!match?.[1]) return { seed: wordsToSeed(input.trim().split(/\s+/)), camIds: [] }
  const camIds = match[2] ? match[2].split(',') : []
  return { seed: fromBase64url(match[1]), camIds }
}

/** The kit's machine-readable line. It holds the seed: paper or a file the owner keeps, nothing else. */
export const formatKit = (seed: Bytes, camIds: readonly string[]): string =>
  `os1-kit:${toBase64url(seed)}:${camIds.join(',')}`
