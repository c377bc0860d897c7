import { isTyp } from '@ownsight/protocol/messages'

/** What an envelope says of itself, checked for form and believed by nobody: the server has no key to check it with. */
export type Claims = { typ: string; sid?: string; iss?: string; aud?: string; size: number }

const ID22 = /^[A-Za-z0-9_-]{22}$/
const HEADER = /^\{"alg":"ES256","typ":"(os1-[a-z0-9]+)"\}$/
const ID43 = /^[A-Za-z0-9_-]{43}$/

export function readClaims(envelope: string): Claims {
  const [header = '', body = ''] = envelope.split('.', 2)
  const claims: Claims = { typ: readTyp(header), size: envelope.length }
  const payload = readPayload(body)
  const fits = (value: unknown, form: RegExp): value is string =>
    typeof value === 'string' && form.test(value)
  if (fits(payload.sid, ID22)) claims.sid = payload.sid
  if (fits(payload.iss, ID43)) claims.iss = payload.iss
  if (fits(payload.aud, ID43)) claims.aud = payload.aud
  return claims
}

/** One of ours, or `none`: the relay has looked at the whole of it before. */
function readTyp(header: string): string {
  const typ = HEADER.exec(Buffer.from(header, 'base64url').toString())?.[1] ?? ''
  return isTyp(typ) ? typ.slice('os1-'.length) : 'none'
}

function readPayload(body: string): { [member: string]: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(body, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** The members of a reply that hold an envelope, the telling one first. */
const ENVELOPES = ['answer', 'refuse', 'ack', 'status', 'redeemed', 'released', 'beacon', 'msg'] as const

/** What came back. A code that a camera chose is no word of ours and is not kept. */
export function readReply(reply: { [member: string]: unknown }): Claims {
  for (const member of ENVELOPES) {
    const value = reply[member]
    if (typeof value === 'string') return readClaims(value)
    if (typeof value === 'object' && value !== null) return readClaims((value as { e: string }).e)
  }
  return { typ: 'hint' in reply ? 'hint' : 'refused', size: 0 }
}
