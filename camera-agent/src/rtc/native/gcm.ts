import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { big, openNative } from './library.ts'

/**
 * AES-128-GCM (NIST SP 800-38D) of one text under one nonce of 12 bytes: `header` is authenticated, `text` encrypted too.
 * @returns header, ciphertext and the tag of 16 bytes, good until the next call of any of them: no memory is left behind
 * @throws RangeError for sizes that no packet has, Error when OpenSSL refuses
 */
export type Seal = (iv: Buffer, header: Buffer, text: Buffer) => Buffer
/** @param key 16 bytes */
export type OpenSeal = (key: Buffer) => Seal

export const TAG_BYTES = 16
const KEY_BYTES = 16
const IV_BYTES = 12
const HEADER_MAX = 64
const TEXT_MAX = 2048

/** The header ends where the text begins, so that a packet lies there as it leaves. */
const [KEY, IV, WRITTEN, TEXT] = [0, 16, 32, 128] as const
/** Where OpenSSL may write what is left over at the end: for this cipher nothing. */
const REST = TEXT + TEXT_MAX + TAG_BYTES
const ARENA_BYTES = REST + 64

/** `EVP_CTRL_AEAD_GET_TAG` of openssl/evp.h. */
const GET_TAG = 16
const PLAIN_OPTIONS = { authTagLength: TAG_BYTES }
const DONE = 1
const NONE = 0n

/** OpenSSL's five calls for one packet, a tenth of what Node's own object for each packet costs. */
function openGcm(): OpenSeal | undefined {
  const native = openNative(
    {
      EVP_CIPHER_CTX_new: { arguments: [], return: 'pointer' },
      EVP_aes_128_gcm: { arguments: [], return: 'pointer' },
      EVP_EncryptInit_ex: {
        arguments: ['pointer', 'pointer', 'pointer', 'pointer', 'pointer'],
        return: 'int32',
      },
      EVP_EncryptUpdate: {
        arguments: ['pointer', 'pointer', 'pointer', 'pointer', 'pointer'],
        return: 'int32',
      },
      EVP_EncryptFinal_ex: { arguments: ['pointer', 'pointer', 'pointer'], return: 'int32' },
      EVP_CIPHER_CTX_ctrl: { arguments: ['pointer', 'pointer', 'pointer', 'pointer'], return: 'int32' },
    },
    ARENA_BYTES,
  )
  if (!native) return undefined
  const { functions, arena } = native
  const { EVP_EncryptInit_ex: init, EVP_EncryptUpdate: update, EVP_EncryptFinal_ex: final } = functions
  const { EVP_CIPHER_CTX_ctrl: control } = functions
  const { bytes, at } = arena
  const context = functions.EVP_CIPHER_CTX_new()
  if (context === NONE || init(context, functions.EVP_aes_128_gcm(), NONE, NONE, NONE) !== DONE)
    return undefined
  const [key$, iv$, written$, text$, rest$] = [at(KEY), at(IV), at(WRITTEN), at(TEXT), at(REST)]
  const header$ = Array.from({ length: HEADER_MAX + 1 }, (_, length) => at(TEXT - length))
  const tag$ = Array.from({ length: TEXT_MAX + 1 }, (_, length) => at(TEXT + length))
  const packets = new Map<number, Buffer>()
  /** One view for each form, made once. */
  const packetOf = (headerBytes: number, textBytes: number): Buffer => {
    const form = headerBytes * (TEXT_MAX + 1) + textBytes
    const known = packets.get(form)
    if (known) return known
    const packet = bytes.subarray(TEXT - headerBytes, TEXT + textBytes + TAG_BYTES)
    packets.set(form, packet)
    return packet
  }

  return key => (iv, header, text) => {
    const [start, end] = [header$[header.length], tag$[text.length]]
    const fits = key.length === KEY_BYTES && iv.length === IV_BYTES
    if (!fits || start === undefined || end === undefined)
      throw new RangeError('a packet of this form is not sent')
    bytes.set(key, KEY)
    bytes.set(iv, IV)
    bytes.set(header, TEXT - header.length)
    bytes.set(text, TEXT)
    const done =
      init(context, NONE, NONE, key$, iv$) === DONE &&
      update(context, NONE, written$, start, big(header.length)) === DONE &&
      update(context, text$, written$, text$, big(text.length)) === DONE &&
      final(context, rest$, written$) === DONE &&
      control(context, big(GET_TAG), big(TAG_BYTES), end) === DONE
    if (!done) throw new Error('OpenSSL did not encrypt a packet')
    return packetOf(header.length, text.length)
  }
}

/** By Node's own functions. The one key object spares its check with every packet; a cipher is good for one packet only. */
export const plainGcm: OpenSeal = key => {
  const secret = createSecretKey(key)
  return (iv, header, text) => {
    const cipher = createCipheriv('aes-128-gcm', secret, iv, PLAIN_OPTIONS)
    cipher.setAAD(header)
    const sealed = cipher.update(text)
    cipher.final()
    const packet = Buffer.allocUnsafe(header.length + sealed.length + TAG_BYTES)
    packet.set(header, 0)
    packet.set(sealed, header.length)
    packet.set(cipher.getAuthTag(), header.length + sealed.length)
    return packet
  }
}

/** Bytes of header and text. */
const SAMPLES = [
  [12, 1],
  [20, 1152],
  [HEADER_MAX, TEXT_MAX],
  [20, 16],
] as const

/** Whether both do the same; what cannot be compared is not trusted. */
export function isSound(open: OpenSeal): boolean {
  try {
    return SAMPLES.every(([headerBytes, textBytes]) => {
      const [key, iv] = [randomBytes(KEY_BYTES), randomBytes(IV_BYTES)]
      const [header, text] = [randomBytes(headerBytes), randomBytes(textBytes)]
      return open(key)(iv, header, text).equals(plainGcm(key)(iv, header, text))
    })
  } catch {
    return false
  }
}

let known: { open: OpenSeal | undefined } | undefined

/** @returns undefined where there is none, or where what it does is not what Node's own functions do */
export function nativeGcm(): OpenSeal | undefined {
  if (!known) {
    const open = openGcm()
    known = { open: open && isSound(open) ? open : undefined }
  }
  return known.open
}
