import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
} from 'node:crypto'
import { GuardError } from '../guard-error.ts'
import { internal } from '../werift.ts'

export type KeyShare = { curve: number; publicKey: Buffer; privateKey: Buffer }
type NamedCurve = { generateKeyPair(curve: number): KeyShare }
type Prf = { prfPreMasterSecret(publicKey: Buffer, privateKey: Buffer, curve: number): Buffer }

const P256 = 23
const X25519 = 29
const BYTES = 32
/** What stands before the 32 bytes of an X25519 key (RFC 8410 §7, §4). */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI = Buffer.from('302a300506032b656e032100', 'hex')

/**
 * The key exchange of DTLS by OpenSSL in place of JavaScript: three times in each handshake, ms each, and many more the first
 * time in a process.
 * @throws GuardError shape
 */
export function installKeyExchange(): void {
  const curves = internal<NamedCurve>('dtls/src/cipher/namedCurve.js')
  const prf = internal<Prf>('dtls/src/cipher/prf.js')
  if (typeof curves.generateKeyPair !== 'function' || typeof prf.prfPreMasterSecret !== 'function')
    throw new GuardError(
      'shape',
      "werift's key exchange is elsewhere: it is not the version the guard was made for",
    )
  curves.generateKeyPair = generateKeyShare
  prf.prfPreMasterSecret = preMasterSecret
}

/** @throws Error for a curve that werift does not offer */
export function generateKeyShare(curve: number): KeyShare {
  if (curve === P256) {
    const ecdh = createECDH('prime256v1')
    const publicKey = ecdh.generateKeys()
    const number = ecdh.getPrivateKey()
    return { curve, publicKey, privateKey: Buffer.concat([Buffer.alloc(BYTES - number.length), number]) }
  }
  if (curve !== X25519) throw new Error(`no curve ${curve}`)
  const { publicKey, privateKey } = generateKeyPairSync('x25519', {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
  return { curve, publicKey: publicKey.subarray(-BYTES), privateKey: privateKey.subarray(-BYTES) }
}

/**
 * @param publicKey the peer's, raw: a point of P-256 without compression, or 32 bytes
 * @throws Error for what is no key of that curve
 */
export function preMasterSecret(publicKey: Buffer, privateKey: Buffer, curve: number): Buffer {
  if (curve === P256) {
    const ecdh = createECDH('prime256v1')
    ecdh.setPrivateKey(privateKey)
    return ecdh.computeSecret(publicKey)
  }
  if (curve !== X25519) throw new Error(`no curve ${curve}`)
  if (publicKey.length !== BYTES) throw new RangeError('a key of X25519 has 32 bytes')
  const own = createPrivateKey({ key: Buffer.concat([PKCS8, privateKey]), format: 'der', type: 'pkcs8' })
  const peer = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
  try {
    return diffieHellman({ privateKey: own, publicKey: peer })
  } catch {
    // OpenSSL makes no secret of a low-order point. As zeros it is refused by its own name, before anything is keyed.
    return Buffer.alloc(BYTES)
  }
}
