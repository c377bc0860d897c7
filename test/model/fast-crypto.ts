import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  KeyObject,
  sign,
  verify,
} from 'node:crypto'

/**
 * WebCrypto's calls made by Node's synchronous ones: the same algorithms on the same keys, without a thread pool, so that
 * a run has no timing of its own and ends when its microtasks do. Signatures, verdicts and imported keys are remembered
 * by all of their inputs. Random bytes come from a seed.
 */

type Bits = ArrayBuffer | ArrayBufferView
type Named = string | { name: string }

const MEMORY = 20_000
const objects = new WeakMap<CryptoKey, KeyObject>()
const names = new WeakMap<CryptoKey, string>()
const signatures = new Map<string, Uint8Array>()
const verdicts = new Map<string, boolean>()
const keys = new Map<string, CryptoKey>()
let named = 0

const bytes = (data: Bits): Buffer =>
  ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data)
const nameOf = (algorithm: Named): string => (typeof algorithm === 'string' ? algorithm : algorithm.name)
const exact = (data: Uint8Array): ArrayBuffer =>
  data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer

function remembered<T>(memory: Map<string, T>, name: string, make: () => T): T {
  const known = memory.get(name)
  if (known !== undefined) return known
  if (memory.size >= MEMORY) memory.clear()
  const made = make()
  memory.set(name, made)
  return made
}

function object(key: CryptoKey): KeyObject {
  return objects.get(key) ?? (objects.get(kept(key, KeyObject.from(key))) as KeyObject)
}

function kept(key: CryptoKey, made: KeyObject): CryptoKey {
  objects.set(key, made)
  return key
}

function name(key: CryptoKey): string {
  const found = names.get(key) ?? String(named++)
  names.set(key, found)
  return found
}

function signNow(algorithm: Named, key: CryptoKey, data: Bits): Uint8Array {
  if (nameOf(algorithm) === 'HMAC') return createHmac('sha256', object(key)).update(bytes(data)).digest()
  const text = bytes(data)
  return remembered(signatures, `${name(key)} ${text.toString('latin1')}`, () =>
    sign('sha256', text, { key: object(key), dsaEncoding: 'ieee-p1363' }),
  )
}

function verifyNow(key: CryptoKey, signature: Bits, data: Bits): boolean {
  const [mark, text] = [bytes(signature), bytes(data)]
  return remembered(verdicts, `${name(key)} ${mark.toString('latin1')} ${text.toString('latin1')}`, () =>
    verify('sha256', text, { key: object(key), dsaEncoding: 'ieee-p1363' }, mark),
  )
}

function importNow(
  format: string,
  data: Bits | JsonWebKey,
  algorithm: Named,
  extractable: boolean,
  usages: KeyUsage[],
): CryptoKey {
  const wanted = algorithm as Parameters<KeyObject['toCryptoKey']>[0]
  if (format === 'raw') {
    const secret = createSecretKey(bytes(data as Bits))
    return kept(secret.toCryptoKey(wanted, extractable, usages as never) as CryptoKey, secret)
  }
  const jwk = data as JsonWebKey
  return remembered(keys, `${jwk.x}.${jwk.y}.${jwk.d ?? ''}`, () => {
    const create = jwk.d === undefined ? createPublicKey : createPrivateKey
    const made = create({ key: jwk as never, format: 'jwk' })
    return kept(made.toCryptoKey(wanted, extractable, usages as never) as CryptoKey, made)
  })
}

type Gcm = { iv: Bits; additionalData: Bits }
const TAG = 16

function encryptNow({ iv, additionalData }: Gcm, key: CryptoKey, data: Bits): ArrayBuffer {
  const cipher = createCipheriv('aes-256-gcm', object(key), bytes(iv)).setAAD(bytes(additionalData))
  return exact(Buffer.concat([cipher.update(bytes(data)), cipher.final(), cipher.getAuthTag()]))
}

function decryptNow({ iv, additionalData }: Gcm, key: CryptoKey, data: Bits): ArrayBuffer {
  const sealed = bytes(data)
  const cipher = createDecipheriv('aes-256-gcm', object(key), bytes(iv)).setAAD(bytes(additionalData))
  cipher.setAuthTag(sealed.subarray(sealed.length - TAG))
  return exact(Buffer.concat([cipher.update(sealed.subarray(0, -TAG)), cipher.final()]))
}

let state = 1
/** mulberry32: any good spread will do here. */
function nextByte(): number {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), state | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return (t ^ (t >>> 14)) & 0xff
}

/** Every random byte after this follows from `seed`. */
export function seedRandom(seed: number): void {
  state = seed | 0
}

export function installFastCrypto(): void {
  const put = (member: string, value: unknown): void =>
    void Object.defineProperty(crypto.subtle, member, { value, configurable: true })
  put('digest', async (_: Named, data: Bits) => exact(createHash('sha256').update(bytes(data)).digest()))
  put('sign', async (...args: Parameters<typeof signNow>) => exact(signNow(...args)))
  put('verify', async (_: Named, key: CryptoKey, mark: Bits, data: Bits) => verifyNow(key, mark, data))
  put('importKey', async (...args: Parameters<typeof importNow>) => importNow(...args))
  put('deriveBits', async ({ info }: { info: Bits }, key: CryptoKey, length: number) =>
    hkdfSync('sha256', object(key), new Uint8Array(), bytes(info), length / 8),
  )
  put('encrypt', async (...args: Parameters<typeof encryptNow>) => encryptNow(...args))
  put('decrypt', async (...args: Parameters<typeof decryptNow>) => decryptNow(...args))
  Object.defineProperty(crypto, 'getRandomValues', {
    configurable: true,
    value: (array: Uint8Array) => {
      for (let i = 0; i < array.length; i++) array[i] = nextByte()
      return array
    },
  })
}

/** Array.from and Uint8Array.from over text and bytes, without an iterator: the base64url of the protocol lives on them. */
export function installFastFrom(): void {
  type Mapper = (item: never, index: number) => unknown
  const install = (
    target: ArrayConstructor | Uint8ArrayConstructor,
    make: (length: number) => unknown[],
  ): void => {
    const original = target.from.bind(target) as (source: unknown, map?: Mapper) => unknown
    const from = (source: unknown, map?: Mapper): unknown => {
      const plain = source instanceof Uint8Array || (typeof source === 'string' && isAscii(source))
      if (!map || !plain) return original(source, map)
      const out = make(source.length)
      for (let i = 0; i < source.length; i++) out[i] = map(source[i] as never, i)
      return out
    }
    Object.defineProperty(target, 'from', { value: from, configurable: true, writable: true })
  }
  install(Array, length => new Array(length))
  install(Uint8Array, length => new Uint8Array(length) as unknown as unknown[])
}

/** One code unit is one character: iterating and indexing are the same. */
const isAscii = (text: string): boolean => !/[\ud800-\udfff]/.test(text)
