import { ProtocolFault } from './errors.ts'

export type Bytes = Uint8Array<ArrayBuffer>

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const utf8 = (text: string): Bytes => encoder.encode(text) as Bytes

/** UTF-8 text of `bytes`; malformed input is `bad_form`, never U+FFFD. */
export function text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new ProtocolFault('bad_form', 'utf8', 'send well-formed UTF-8')
  }
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** base64url without padding (RFC 4648 §5). */
export function toBase64url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** Strict inverse of `toBase64url`: no padding, no other alphabet, no stray trailing bits. */
export function fromBase64url(value: string): Bytes {
  if (!/^[A-Za-z0-9_-]*$/.test(value) || value.length % 4 === 1)
    throw new ProtocolFault('bad_form', 'base64url', 'use unpadded base64url')
  const binary = atob(value.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  // Only the last group, of two or three characters, has bits to spare.
  if (toBase64url(bytes.subarray(bytes.length - (bytes.length % 3))) !== value.slice(value.length & ~3))
    throw new ProtocolFault('bad_form', 'base64url', 'leave no stray bits after the last byte')
  return bytes
}

/** Compares without an early exit; the lengths themselves are not secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

export const equalText = (a: string, b: string): boolean => equalBytes(utf8(a), utf8(b))

export const randomBytes = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length))

/** 128 random bits as 22 base64url characters: sid, window, nonce. */
export const randomId = (): string => toBase64url(randomBytes(16))

export const sha256 = async (bytes: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))

/** HKDF-SHA-256 (RFC 5869) with an empty salt: each `info` names one use. */
export async function hkdf(secret: Bytes, info: string, length: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const bits = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8(info) },
    key,
    length * 8,
  )
  return new Uint8Array(bits)
}

export async function hmac(secret: Bytes, message: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, message))
}
