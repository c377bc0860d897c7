import { randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'

/** As much of STUN (RFC 8489) and of its use to find out what a NAT does (RFC 5780) as that takes. UDP only. */
export type Endpoint = { readonly address: string; readonly port: number }

/** From where the answer shall come: of the two addresses and two ports, the other one (RFC 5780 §7.2). */
export type ChangeRequest = { readonly address: boolean; readonly port: boolean }

const [REQUEST, SUCCESS] = [0x0001, 0x0101]
const COOKIE = 0x2112a442
const [CHANGE_REQUEST, XOR_MAPPED_ADDRESS] = [0x0003, 0x0020]
const HEADER = 20

export function encodeRequest(change: ChangeRequest): { bytes: Buffer; transaction: string } {
  const transaction = randomBytes(12)
  const flags = Buffer.alloc(4)
  flags.writeUInt32BE((change.address ? 4 : 0) | (change.port ? 2 : 0))
  const body = change.address || change.port ? attribute(CHANGE_REQUEST, flags) : Buffer.alloc(0)
  return { bytes: message(REQUEST, transaction, body), transaction: transaction.toString('hex') }
}

/** @returns nothing when it is no request */
export function decodeRequest(bytes: Buffer): { transaction: Buffer; change: ChangeRequest } | undefined {
  if (!isMessage(bytes, REQUEST)) return undefined
  const flags = find(bytes, CHANGE_REQUEST)?.readUInt32BE(0) ?? 0
  return {
    transaction: bytes.subarray(8, HEADER),
    change: { address: (flags & 4) !== 0, port: (flags & 2) !== 0 },
  }
}

/** @param mapped where the request came from */
export function encodeAnswer(transaction: Buffer, mapped: Endpoint): Buffer {
  const v6 = isIPv6(mapped.address)
  const value = Buffer.alloc(v6 ? 20 : 8)
  value.writeUInt8(v6 ? 2 : 1, 1)
  value.writeUInt16BE(mapped.port ^ (COOKIE >>> 16), 2)
  xored(v6 ? packIpv6(mapped.address) : packIpv4(mapped.address), transaction).copy(value, 4)
  return message(SUCCESS, transaction, attribute(XOR_MAPPED_ADDRESS, value))
}

/** @returns nothing when it is no answer that names an address */
export function decodeAnswer(bytes: Buffer): { transaction: string; mapped: Endpoint } | undefined {
  if (!isMessage(bytes, SUCCESS)) return undefined
  const value = find(bytes, XOR_MAPPED_ADDRESS)
  if (!value) return undefined
  const transaction = bytes.subarray(8, HEADER)
  const port = value.readUInt16BE(2) ^ (COOKIE >>> 16)
  const plain = xored(value.subarray(4), transaction)
  const address = plain.length === 4 ? [...plain].join('.') : unpackIpv6(plain)
  return { transaction: transaction.toString('hex'), mapped: { address, port } }
}

function message(type: number, transaction: Buffer, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt16BE(type, 0)
  header.writeUInt16BE(body.length, 2)
  header.writeUInt32BE(COOKIE, 4)
  transaction.copy(header, 8)
  return Buffer.concat([header, body])
}

function attribute(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt16BE(type, 0)
  header.writeUInt16BE(value.length, 2)
  return Buffer.concat([header, value])
}

const isMessage = (bytes: Buffer, type: number): boolean =>
  bytes.length >= HEADER &&
  bytes.readUInt16BE(0) === type &&
  bytes.readUInt32BE(4) === COOKIE &&
  bytes.length === HEADER + bytes.readUInt16BE(2)

function find(bytes: Buffer, type: number): Buffer | undefined {
  for (let at = HEADER; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2)
    if (bytes.readUInt16BE(at) === type) return bytes.subarray(at + 4, at + 4 + length)
    at += 4 + Math.ceil(length / 4) * 4
  }
  return undefined
}

/** The address is mixed with the cookie and the transaction, for boxes that rewrite what looks like an address. */
function xored(address: Buffer, transaction: Buffer): Buffer {
  const mask = Buffer.alloc(16)
  mask.writeUInt32BE(COOKIE, 0)
  transaction.copy(mask, 4)
  return Buffer.from(address.map((byte, i) => byte ^ mask[i]!))
}

const packIpv4 = (address: string): Buffer => Buffer.from(address.split('.').map(Number))

function packIpv6(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const [before, after] = [words(head), words(tail ?? '')]
  const zeros = Array<string>(8 - before.length - after.length).fill('0')
  const all = [...before, ...zeros, ...after]
  return Buffer.from(all.flatMap(word => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]))
}

/** As the URL standard writes it: shortest form. */
function unpackIpv6(bytes: Buffer): string {
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16))
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1)
}
