import { concat, equalText, randomId, sha256, toBase64url, utf8 } from './bytes.ts'
import { envelopeHash, openEnvelope, seal, type Verified } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import type { KeyId, KeyPair, PublicKey } from './ids.ts'
import type { Payload, RefuseCode, Right } from './messages.ts'
import { lintSdp } from './sdp-lint.ts'

/** The viewer's and the camera's halves of one live session: offer, answer or refusal, confirm (PROTOCOL.md §7). */

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** What both ends of one attempt agree on. `pin` is the camera's key from the sealed roster. */
export type Attempt = { pin: PublicKey; camId: KeyId; view: KeyId; sid: string; oh: string }

export const newSid = randomId

export async function openBeacon(
  jws: unknown,
  pin: PublicKey,
  camId: KeyId,
): Promise<Verified<'os1-beacon'>> {
  return openEnvelope('os1-beacon', jws, claims => (claims.iss === camId ? pin : undefined))
}

export async function sealOffer(offer: {
  view: KeyPair
  camId: KeyId
  win: string
  sid: string
  sdp: string
  want: Right[]
  start: 'now' | 'hold'
}): Promise<{ offer: string; oh: string }> {
  const { view, camId, ...rest } = offer
  const payload = { v: 1 as const, iss: view.id, aud: camId, iat: nowSeconds(), ...rest }
  const jws = await seal('os1-offer', payload, view.sign)
  return { offer: jws, oh: await envelopeHash(jws) }
}

/**
 * The viewer's check of an answer: pinned key, me, this attempt, my own offer. Anything else is `foreign_answer`:
 * to be ignored and counted, never to end the attempt.
 */
export async function openAnswer(
  jws: unknown,
  attempt: Attempt,
): Promise<{ answer: Verified<'os1-answer'>; ah: string; sdp: string; fingerprint: string }> {
  const answer = await openFromCamera('os1-answer', jws, attempt)
  const talk = answer.payload.r.includes('talk')
  const lint = lintSdp(answer.payload.sdp, { kind: 'answer', talk })
  if (!lint.ok) throw new ProtocolFault('bad_sdp', lint.field, lint.note)
  return { answer, ah: answer.hash, sdp: lint.sdp, fingerprint: lint.fingerprint }
}

export const openRefusal = (jws: unknown, attempt: Attempt): Promise<Verified<'os1-refuse'>> =>
  openFromCamera('os1-refuse', jws, attempt)

async function openFromCamera<T extends 'os1-answer' | 'os1-refuse'>(
  typ: T,
  jws: unknown,
  attempt: Attempt,
): Promise<Verified<T>> {
  const resolve = (claims: Payload<'os1-answer' | 'os1-refuse'>) =>
    claims.iss === attempt.camId ? attempt.pin : undefined
  const opened = await openEnvelope(typ, jws, resolve as never, attempt.view)
  const { sid, oh } = opened.payload as Payload<'os1-answer' | 'os1-refuse'>
  if (sid !== attempt.sid || !equalText(oh, attempt.oh))
    throw new ProtocolFault('foreign_answer', 'oh', 'answer the offer of this attempt')
  return opened
}

export const sealAnswer = (
  cam: KeyPair,
  offer: Verified<'os1-offer'>,
  answer: { n: number; r: Right[]; exp: number; sdp: string },
): Promise<string> => {
  const { iss, sid } = offer.payload
  return seal('os1-answer', { v: 1, iss: cam.id, aud: iss, sid, oh: offer.hash, ...answer }, cam.sign)
}

/** Only for an offer whose signature has verified: before that nothing is answered. */
export const sealRefusal = (
  cam: KeyPair,
  offer: Verified<'os1-offer'>,
  code: RefuseCode,
  win?: string,
): Promise<string> => {
  const { iss, sid } = offer.payload
  const hint = win === undefined ? {} : { win }
  return seal('os1-refuse', { v: 1, iss: cam.id, aud: iss, sid, oh: offer.hash, code, ...hint }, cam.sign)
}

/** th = SHA-256("os1-confirm" ‖ 0x00 ‖ oh ‖ ah), the hashes as their 43 ASCII characters. */
export const transcript = async (oh: string, ah: string): Promise<string> =>
  toBase64url(await sha256(concat(utf8('os1-confirm\0'), utf8(oh), utf8(ah))))

export async function sealConfirm(
  view: KeyPair,
  session: { camId: KeyId; sid: string; oh: string; ah: string },
): Promise<{ confirm: string; th: string }> {
  const th = await transcript(session.oh, session.ah)
  const payload = { v: 1 as const, iss: view.id, aud: session.camId, sid: session.sid, th }
  return { confirm: await seal('os1-confirm', payload, view.sign), th }
}

/** The camera's check of the in-band confirm. @throws ProtocolFault */
export async function openConfirm(
  jws: unknown,
  session: { camId: KeyId; view: KeyId; key: PublicKey; sid: string; th: string },
): Promise<void> {
  const { payload } = await openEnvelope(
    'os1-confirm',
    jws,
    claims => (claims.iss === session.view ? session.key : undefined),
    session.camId,
  )
  if (payload.sid !== session.sid || !equalText(payload.th, session.th))
    throw new ProtocolFault('bad_hash', 'th', 'confirm the session of this channel')
}
