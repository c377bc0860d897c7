import {
  type Bytes,
  equalBytes,
  fromBase64url,
  hkdf,
  hmac,
  randomBytes,
  sha256,
  toBase64url,
  utf8,
} from './bytes.ts'
import { seal } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import type { PairMessage } from './events.ts'
import type { Payload, Typ } from './messages.ts'

/** What both sides of pairing share: the code, the keys derived from its secret, the transcript (PROTOCOL.md §5). */

export type PairingCode = { secret: Bytes; camId: string }

/** 128 random bits, shown by the camera for ten minutes, good once. */
export const newPairingSecret = (): Bytes => randomBytes(16)

export const formatPairingCode = (code: PairingCode): string =>
  `os1:${toBase64url(code.secret)}:${code.camId}`

/** @throws ProtocolFault bad_form with what the person should do */
export function parsePairingCode(input: string): PairingCode {
  const match = /^os1:([A-Za-z0-9_-]{22}):([A-Za-z0-9_-]{43})$/.exec(input.trim())
  if (!match?.[1] || !match[2])
    throw new ProtocolFault('bad_form', 'code', 'copy the whole code the camera shows, from os1: to its end')
  fromBase64url(match[2])
  return { secret: fromBase64url(match[1]), camId: match[2] }
}

export type PairingKeys = { rid: string; toCamera: Bytes; toOwner: Bytes }

/** `rid` is derived, never a part of the secret; a key per direction leaves nothing to reflect. */
export const pairingKeys = async (secret: Bytes): Promise<PairingKeys> => ({
  rid: toBase64url(await hkdf(secret, 'os1 rendezvous', 16)),
  toCamera: await hkdf(secret, 'os1 owner→cam', 32),
  toOwner: await hkdf(secret, 'os1 cam→owner', 32),
})

type PairTyp = Extract<Typ, `os1-pair${string}` | `os1-join${string}`>

const macInput = (typ: PairTyp, e: string): Bytes => utf8(`${typ}\0${e}`)

export async function sealPairMessage<T extends PairTyp>(
  typ: T,
  payload: Payload<T>,
  keys: { sign: CryptoKey; mac: Bytes },
): Promise<PairMessage> {
  const e = await seal(typ, payload, keys.sign)
  return { e, m: toBase64url(await hmac(keys.mac, macInput(typ, e))) }
}

/** @throws ProtocolFault bad_mac: whoever sent it does not hold the code */
export async function checkPairMac(typ: PairTyp, message: PairMessage, mac: Bytes): Promise<void> {
  const expected = await hmac(mac, macInput(typ, message.e))
  if (!equalBytes(fromBase64url(message.m), expected))
    throw new ProtocolFault('bad_mac', 'm', 'use the code the camera shows now')
}

/** Transcript hash: SHA-256 over the two ASCII hashes, so h12 = chain(h1, h2), h123 = chain(h12, h3). */
export const chain = async (before: string, next: string): Promise<string> =>
  toBase64url(await sha256(utf8(before + next)))
