import { createCipheriv, createHmac, createSecretKey } from 'node:crypto'
import { nativeGcm, plainGcm } from '../native/gcm.ts'

/** Keys of one direction of one session, already derived (RFC 3711 §4.3). */
export type SrtpKeys = { profile: number; key: Buffer; salt: Buffer; authKey: Buffer }

/**
 * Encrypts one packet in place of werift: `header` as it is, the payload behind it, then the tag. The caller never gives
 * two payloads for one `ssrc`, `rollover` and `sequence`: under AES that would show what is the difference of both. What is
 * returned is good until the next call for any session.
 */
export type Encrypt = (
  header: Buffer,
  payload: Buffer,
  ssrc: number,
  rollover: number,
  sequence: number,
) => Buffer

/** Protection profiles of RFC 5764 §4.1.2 and RFC 7714 §14.2. */
export const AES_CM_HMAC_SHA1_80 = 1
export const AEAD_AES_128_GCM = 7

const GCM_IV_BYTES = 12
const CM_TAG_BYTES = 10

/** RFC 7714 §8.1, §9. @param open by Node's own functions, where OpenSSL itself is not to be had */
export function encryptGcm({ key, salt }: SrtpKeys, open = nativeGcm() ?? plainGcm): Encrypt {
  const iv = Buffer.alloc(GCM_IV_BYTES)
  const seal = open(key)
  return (header, payload, ssrc, rollover, sequence) => {
    iv[0] = salt[0] as number
    iv[1] = salt[1] as number
    iv.writeUInt32BE((ssrc ^ salt.readUInt32BE(2)) >>> 0, 2)
    iv.writeUInt32BE((rollover ^ salt.readUInt32BE(6)) >>> 0, 6)
    iv.writeUInt16BE(sequence ^ salt.readUInt16BE(10), 10)
    return seal(iv, header, payload)
  }
}

/** RFC 3711 §4.1.1, §4.2.1. */
export function encryptCm({ key, salt, authKey }: SrtpKeys): Encrypt {
  const secret = createSecretKey(key)
  const authSecret = createSecretKey(authKey)
  const counter = Buffer.alloc(16)
  return (header, payload, ssrc, rollover, sequence) => {
    counter.set(salt.subarray(0, 14), 0)
    counter.writeUInt32BE((ssrc ^ salt.readUInt32BE(4)) >>> 0, 4)
    counter.writeUInt32BE((rollover ^ salt.readUInt32BE(8)) >>> 0, 8)
    counter.writeUInt32BE(((sequence ^ salt.readUInt16BE(12)) << 16) >>> 0, 12)
    const text = createCipheriv('aes-128-ctr', secret, counter).update(payload)
    const end = header.length + text.length
    const packet = Buffer.allocUnsafe(end + CM_TAG_BYTES)
    packet.set(header, 0)
    packet.set(text, header.length)
    // The rollover counter stands behind the packet while it is signed, and is then written over (RFC 3711 §4.2).
    packet.writeUInt32BE(rollover, end)
    const tag = createHmac('sha1', authSecret)
      .update(packet.subarray(0, end + 4))
      .digest()
    packet.set(tag.subarray(0, CM_TAG_BYTES), end)
    return packet
  }
}
