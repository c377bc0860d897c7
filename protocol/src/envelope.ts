import { CompactSign, compactVerify } from 'jose'
import * as v from 'valibot'
import { type Bytes, fromBase64url, sha256, text, toBase64url, utf8 } from './bytes.ts'
import { ProtocolFault } from './errors.ts'
import { importPublicKey, type PublicKey } from './ids.ts'
import { ENVELOPE_MAX_BYTES } from './limits.ts'
import { isTyp, type Payload, schemas, type Typ } from './messages.ts'

declare const verified: unique symbol

/** A payload whose signature, schema, version and audience were checked. Only `openEnvelope` makes one. */
export type Verified<T extends Typ> = {
  readonly [verified]: T
  readonly typ: T
  readonly payload: Payload<T>
  /** base64url SHA-256 of the JWS signing input: equal for a malleated signature (PROTOCOL.md §2). */
  readonly hash: string
}

/** Chooses the key from the local store by what the message claims; undefined refuses it. */
export type ResolveKey<T extends Typ> = (
  claims: Payload<T>,
) => PublicKey | undefined | Promise<PublicKey | undefined>

const headerText = (typ: string): string => `{"alg":"ES256","typ":"${typ}"}`

/** JWS Compact, ES256 (RFC 7515 §7.1, RFC 7518 §3.4). */
export async function seal<T extends Typ>(typ: T, payload: Payload<T>, key: CryptoKey): Promise<string> {
  v.parse(schemas[typ], payload)
  return new CompactSign(utf8(JSON.stringify(payload))).setProtectedHeader({ alg: 'ES256', typ }).sign(key)
}

/** SHA-256 of `header.payload`, base64url: what offers, answers, policies and pairing messages commit to. */
export async function envelopeHash(jws: string): Promise<string> {
  return toBase64url(await sha256(utf8(jws.slice(0, jws.lastIndexOf('.')))))
}

/**
 * Opens one envelope of one expected type, in the order of PROTOCOL.md §2: size, form, type, audience, key, signature.
 * @param aud who I am, where the type has an audience
 * @throws ProtocolFault limit, bad_form, bad_type, wrong_aud, unknown_viewer, bad_key, bad_sig
 */
export async function openEnvelope<T extends Typ>(
  typ: T,
  jws: unknown,
  resolve: ResolveKey<T>,
  aud?: string,
): Promise<Verified<T>> {
  const { header, body } = splitEnvelope(jws)
  checkHeader(header, typ)
  const payload = parsePayload(typ, body)
  if ('aud' in payload && (payload.aud !== aud || payload.aud === payload.iss))
    throw new ProtocolFault('wrong_aud', 'aud', 'send it to the party it names')
  const key = await resolve(payload)
  if (!key) throw new ProtocolFault('unknown_viewer', 'iss', 'ask the owner to let this key in')
  const publicKey = await importPublicKey(key)
  try {
    await compactVerify(jws as string, publicKey, { algorithms: ['ES256'] })
  } catch {
    throw new ProtocolFault('bad_sig', 'signature', 'sign exactly these bytes with the key of the issuer')
  }
  return { typ, payload, hash: await envelopeHash(jws as string) } as Verified<T>
}

/** The type an envelope claims, without believing it; undefined when it is none of ours. */
export function claimedTyp(jws: unknown): Typ | undefined {
  try {
    const header = text(splitEnvelope(jws).header)
    const typ = /^\{"alg":"ES256","typ":"(os1-[a-z0-9]+)"\}$/.exec(header)?.[1]
    return typ !== undefined && isTyp(typ) ? typ : undefined
  } catch {
    return undefined
  }
}

function splitEnvelope(jws: unknown): { header: Bytes; body: Bytes } {
  if (typeof jws !== 'string') throw new ProtocolFault('bad_form', 'envelope', 'send a JWS Compact string')
  if (jws.length > ENVELOPE_MAX_BYTES)
    throw new ProtocolFault('limit', 'envelope', `keep it within ${ENVELOPE_MAX_BYTES} bytes`)
  const [header, body, signature, ...rest] = jws.split('.')
  if (!header || !body || !signature || rest.length > 0)
    throw new ProtocolFault('bad_form', 'envelope', 'send exactly three non-empty parts')
  if (fromBase64url(signature).length !== 64)
    throw new ProtocolFault('bad_form', 'signature', 'send 64 bytes, r and s')
  return { header: fromBase64url(header), body: fromBase64url(body) }
}

function checkHeader(header: Bytes, typ: Typ): void {
  const received = text(header)
  if (received === headerText(typ)) return
  if (/^\{"alg":"ES256","typ":"os1-[a-z0-9]+"\}$/.test(received))
    throw new ProtocolFault('bad_type', 'typ', `send ${typ} here`)
  throw new ProtocolFault('bad_form', 'header', `the header is exactly ${headerText(typ)}`)
}

function parsePayload<T extends Typ>(typ: T, body: Bytes): Payload<T> {
  const json = text(body)
  let value: unknown
  let spelling: string
  try {
    value = JSON.parse(json)
    spelling = JSON.stringify(value)
  } catch {
    throw new ProtocolFault('bad_form', 'payload', 'send JSON')
  }
  // One spelling only: refuses duplicate members, white space, 1e0 for 1, numbers beyond 2^53.
  if (spelling !== json) throw new ProtocolFault('bad_form', 'payload', 'send compact JSON, each member once')
  const result = v.safeParse(schemas[typ], value)
  if (!result.success) {
    const path = v.getDotPath(result.issues[0]) ?? 'payload'
    throw new ProtocolFault('bad_form', path, `see the schema of ${typ}`)
  }
  return result.output as Payload<T>
}
