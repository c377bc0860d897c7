import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { isIPv6 } from 'node:net'

/** As much of STUN (RFC 8489) and TURN (RFC 8656) as a check of a relay takes. */
export const METHOD = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
} as const
export const CLASS = { request: 0x000, indication: 0x010, success: 0x100, error: 0x110 } as const
export const ATTRIBUTE = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedAddressFamily: 0x0017,
  requestedTransport: 0x0019,
  xorMappedAddress: 0x0020,
  software: 0x8022,
} as const

export type Endpoint = { readonly address: string; readonly port: number }
export type Attribute = readonly [type: number, value: Buffer]
export type Message = {
  readonly type: number
  readonly transaction: string
  readonly attributes: readonly Attribute[]
  readonly bytes: Buffer
}

const COOKIE = 0x2112a442
const HEADER = 20

/** @param key signs it, with MESSAGE-INTEGRITY (RFC 8489 §14.5) */
export function encode(
  type: number,
  attributes: readonly Attribute[],
  options: { key?: Buffer | undefined; transaction?: Buffer } = {},
): { bytes: Buffer; transaction: string } {
  const transaction = options.transaction ?? randomBytes(12)
  const body = Buffer.concat(attributes.map(([kind, value]) => encodeAttribute(kind, value)))
  const header = Buffer.alloc(HEADER)
  header.writeUInt16BE(type, 0)
  header.writeUInt16BE(body.length + (options.key ? 24 : 0), 2)
  header.writeUInt32BE(COOKIE, 4)
  transaction.copy(header, 8)
  const unsigned = Buffer.concat([header, body])
  const bytes = options.key
    ? Buffer.concat([
        unsigned,
        encodeAttribute(
          ATTRIBUTE.messageIntegrity,
          createHmac('sha1', options.key).update(unsigned).digest(),
        ),
      ])
    : unsigned
  return { bytes, transaction: transaction.toString('hex') }
}

/** @returns nothing when it is no STUN message */
export function decode(bytes: Buffer): Message | undefined {
  if (bytes.length < HEADER || bytes.readUInt32BE(4) !== COOKIE) return undefined
  if (bytes.length !== HEADER + bytes.readUInt16BE(2)) return undefined
  const attributes: Attribute[] = []
  for (let at = HEADER; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2)
    if (at + 4 + length > bytes.length) return undefined
    attributes.push([bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length)])
    at += 4 + Math.ceil(length / 4) * 4
  }
  const transaction = bytes.toString('hex', 8, HEADER)
  return { type: bytes.readUInt16BE(0), transaction, attributes, bytes }
}

export const find = (message: Message, type: number): Buffer | undefined =>
  message.attributes.find(([kind]) => kind === type)?.[1]

/** RFC 8489 §9.2.2 */
export const longTermKey = (username: string, realm: string, credential: string): Buffer =>
  createHash('md5').update(`${username}:${realm}:${credential}`).digest()

/** Whether the sender holds `key` too. What follows the signature (FINGERPRINT) is not covered by it. */
export function isSigned({ bytes }: Message, key: Buffer): boolean {
  for (let at = HEADER; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2)
    if (bytes.readUInt16BE(at) === ATTRIBUTE.messageIntegrity && length === 20) {
      const covered = Buffer.from(bytes.subarray(0, at))
      covered.writeUInt16BE(at + 24 - HEADER, 2)
      const own = createHmac('sha1', key).update(covered).digest()
      return timingSafeEqual(own, bytes.subarray(at + 4, at + 24))
    }
    at += 4 + Math.ceil(length / 4) * 4
  }
  return false
}

/** RFC 8489 §14.8 @returns 0 when it has none */
export function errorCode(message: Message): number {
  const value = find(message, ATTRIBUTE.errorCode)
  return value && value.length >= 4 ? (value.readUInt8(2) & 7) * 100 + value.readUInt8(3) : 0
}

/** RFC 8489 §14.2 */
export function encodeAddress({ address, port }: Endpoint, transaction: Buffer): Buffer {
  const plain = packAddress(address)
  const value = Buffer.alloc(4 + plain.length)
  value.writeUInt8(plain.length === 16 ? 2 : 1, 1)
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2)
  xored(plain, transaction).copy(value, 4)
  return value
}

export function decodeAddress(value: Buffer, transaction: string): Endpoint | undefined {
  if (value.length !== 8 && value.length !== 20) return undefined
  const plain = xored(value.subarray(4), Buffer.from(transaction, 'hex'))
  return { address: unpackAddress(plain), port: value.readUInt16BE(2) ^ (COOKIE >>> 16) }
}

function encodeAttribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4)
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(value.length, 2)
  value.copy(bytes, 4)
  return bytes
}

function xored(address: Buffer, transaction: Buffer): Buffer {
  const mask = Buffer.alloc(16)
  mask.writeUInt32BE(COOKIE, 0)
  transaction.copy(mask, 4)
  return Buffer.from(address.map((byte, i) => byte ^ (mask[i] ?? 0)))
}

function packAddress(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number))
  // The URL standard writes an IPv4 tail as two groups, and the whole in its shortest form.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail = ''] = text.split('::')
  const words = (part: string): string[] => part.split(':').filter(word => word !== '')
  const zeros = Array<string>(8 - words(head).length - words(tail).length).fill('0')
  const bytes = Buffer.alloc(16)
  for (const [i, word] of [...words(head), ...zeros, ...words(tail)].entries())
    bytes.writeUInt16BE(Number.parseInt(word, 16), 2 * i)
  return bytes
}

function unpackAddress(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.')
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16))
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1)
}
