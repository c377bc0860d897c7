import { type Bytes, concat, fromBase64url, hkdf, randomBytes, randomId, toBase64url, utf8 } from './bytes.ts'
import { claimedTyp, envelopeHash, openEnvelope } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import type { PairMessage } from './events.ts'
import { type KeyPair, keyId, type PublicKey } from './ids.ts'
import { PAIRING_LIFETIME_S, PAIRING_MAX_BAD_MACS } from './limits.ts'
import { chain, checkPairMac, type PairingKeys, pairingKeys, sealPairMessage } from './pairing.ts'
import { phrase } from './phrase.ts'

/**
 * A second admin device (PROTOCOL.md §12): the pairing exchange between two devices of one owner. The first shows a
 * code, the second reads it; the last message carries root's public key and the roster key, sealed under the code's
 * secret.
 */

/** What the second device is given; `kR` is 32 bytes. */
export type JoinGift = { root: PublicKey; kR: Bytes }
export type Joined = { admin: PublicKey; view: PublicKey; phrase: string }

const additionalData = utf8('os1 admin')

async function wrappingKey(secret: Bytes): Promise<CryptoKey> {
  const raw = await hkdf(secret, 'os1 admin', 32)
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

/** `os1-join:<secret>:<admin id of the device that shows it>` */
export const formatJoinCode = (code: { secret: Bytes; admin: string }): string =>
  `os1-join:${toBase64url(code.secret)}:${code.admin}`

/** @throws ProtocolFault bad_form with what the person should do */
export function parseJoinCode(input: string): { secret: Bytes; admin: string } {
  const match = /^os1-join:([A-Za-z0-9_-]{22}):([A-Za-z0-9_-]{43})$/.exec(input.trim())
  if (!match?.[1] || !match[2])
    throw new ProtocolFault(
      'bad_form',
      'code',
      'copy the whole code the other device shows, from os1-join: on',
    )
  fromBase64url(match[2])
  return { secret: fromBase64url(match[1]), admin: match[2] }
}

export type JoinOffer = {
  readonly rid: string
  state(): 'offering' | 'got1' | 'joined' | 'burned'
  /** One message in, one out. Throws ProtocolFault. */
  receive(message: PairMessage): Promise<PairMessage>
}

/** The first device's side. `onJoined` is called before message 4 leaves: sign the policies then. */
export async function offerJoin(options: {
  secret: Bytes
  admin: KeyPair
  gift: JoinGift
  /** monotonic seconds */
  now: () => number
  onJoined: (joined: Joined) => Promise<void>
}): Promise<JoinOffer> {
  const keys = await pairingKeys(options.secret)
  const started = options.now()
  let state: 'offering' | 'got1' | 'joined' | 'burned' = 'offering'
  let badMacs = 0
  let got1: { h1: string; h12: string; second: PairMessage; admin: PublicKey; view: PublicKey } | undefined
  let done: { hash: string; fourth: PairMessage } | undefined
  let turn: Promise<unknown> = Promise.resolve()
  const mac = { sign: options.admin.sign, mac: keys.toOwner }

  const burn = (): ProtocolFault => {
    state = 'burned'
    return new ProtocolFault('interrupted', 'code', 'somebody else used this code: make a new one')
  }

  async function onFirst(message: PairMessage): Promise<PairMessage> {
    const first = await openEnvelope('os1-join1', message.e, claims => claims.admin)
    if (first.payload.rid !== keys.rid) throw new ProtocolFault('bad_hash', 'rid', 'start again')
    if (got1 && got1.h1 !== first.hash) throw burn()
    if (got1) return got1.second
    const { admin, view } = first.payload
    const payload = {
      v: 1 as const,
      rid: keys.rid,
      admin: options.admin.publicKey,
      no: randomId(),
      h1: first.hash,
    }
    const second = await sealPairMessage('os1-join2', payload, mac)
    got1 = { h1: first.hash, h12: await chain(first.hash, await envelopeHash(second.e)), second, admin, view }
    state = 'got1'
    return second
  }

  async function onThird(message: PairMessage): Promise<PairMessage> {
    if (!got1) throw new ProtocolFault('not_offering', 'msg', 'send message 1 first')
    const { admin, view, h12 } = got1
    const third = await openEnvelope('os1-join3', message.e, () => admin)
    if (third.payload.rid !== keys.rid || third.payload.h12 !== h12)
      throw new ProtocolFault('bad_hash', 'h12', 'start again')
    if (done && done.hash === third.hash) return done.fourth
    if (done) throw new ProtocolFault('paired', 'msg', 'this code was used: make a new one')
    const h123 = await chain(h12, third.hash)
    await options.onJoined({ admin, view, phrase: phrase(h123) })
    const sealed = await sealGift(options.secret, options.gift.kR)
    const payload = { v: 1 as const, rid: keys.rid, h123, root: options.gift.root, sealed }
    done = { hash: third.hash, fourth: await sealPairMessage('os1-join4', payload, mac) }
    state = 'joined'
    return done.fourth
  }

  async function take(message: PairMessage): Promise<PairMessage> {
    if (state === 'burned') throw burn()
    if (options.now() - started > PAIRING_LIFETIME_S) throw burn()
    const typ = claimedTyp(message.e)
    if (typ !== 'os1-join1' && typ !== 'os1-join3')
      throw new ProtocolFault('bad_type', 'typ', 'send os1-join1 or os1-join3')
    try {
      await checkPairMac(typ, message, keys.toCamera)
    } catch (error) {
      if (state !== 'joined' && ++badMacs >= PAIRING_MAX_BAD_MACS) throw burn()
      throw error
    }
    if (typ === 'os1-join1' && done)
      throw new ProtocolFault('paired', 'msg', 'this code was used: make a new one')
    try {
      return await (typ === 'os1-join1' ? onFirst(message) : onThird(message))
    } catch (error) {
      // Someone who holds the code sent something wrong: the code is no secret any more.
      if (error instanceof ProtocolFault && state !== 'joined') state = 'burned'
      throw error
    }
  }

  return {
    rid: keys.rid,
    state: () => state,
    receive(message) {
      const result = turn.then(() => take(message))
      turn = result.catch(() => undefined)
      return result
    },
  }
}

export type JoinRequest = {
  readonly rid: string
  readonly first: PairMessage
  /** Checks message 2, returns message 3. Throws ProtocolFault. */
  onSecond(message: PairMessage): Promise<PairMessage>
  /** Checks message 4 and opens what it brings. */
  onFourth(message: PairMessage): Promise<JoinGift & { phrase: string; by: PublicKey }>
}

/** The second device's side. */
export async function beginJoin(
  code: { secret: Bytes; admin: string },
  device: { admin: KeyPair; view: KeyPair },
): Promise<JoinRequest> {
  const keys: PairingKeys = await pairingKeys(code.secret)
  const mac = { sign: device.admin.sign, mac: keys.toCamera }
  const { publicKey } = device.admin
  const payload = {
    v: 1 as const,
    rid: keys.rid,
    admin: publicKey,
    view: device.view.publicKey,
    no: randomId(),
  }
  const first = await sealPairMessage('os1-join1', payload, mac)
  const h1 = await envelopeHash(first.e)
  let sent: { by: PublicKey; h123: string } | undefined
  return {
    rid: keys.rid,
    first,
    async onSecond(message) {
      await checkPairMac('os1-join2', message, keys.toOwner)
      const second = await openEnvelope('os1-join2', message.e, async ({ admin }) =>
        (await keyId(admin)) === code.admin ? admin : undefined,
      )
      if (second.payload.rid !== keys.rid || second.payload.h1 !== h1)
        throw new ProtocolFault('bad_hash', 'h1', 'start again')
      const h12 = await chain(h1, second.hash)
      const third = await sealPairMessage('os1-join3', { v: 1, rid: keys.rid, h12 }, mac)
      sent = { by: second.payload.admin, h123: await chain(h12, await envelopeHash(third.e)) }
      return third
    },
    async onFourth(message) {
      if (!sent) throw new ProtocolFault('not_offering', 'msg', 'start again')
      const { by, h123 } = sent
      await checkPairMac('os1-join4', message, keys.toOwner)
      const fourth = await openEnvelope('os1-join4', message.e, () => by)
      if (fourth.payload.rid !== keys.rid || fourth.payload.h123 !== h123)
        throw new ProtocolFault('bad_hash', 'h123', 'start again')
      const kR = await openGift(code.secret, fourth.payload.sealed)
      return { root: fourth.payload.root, kR, phrase: phrase(h123), by }
    },
  }
}

async function sealGift(secret: Bytes, kR: Bytes): Promise<string> {
  const iv = randomBytes(12)
  const key = await wrappingKey(secret)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, kR)
  return toBase64url(concat(iv, new Uint8Array(sealed)))
}

async function openGift(secret: Bytes, sealed: string): Promise<Bytes> {
  const bytes = fromBase64url(sealed)
  const key = await wrappingKey(secret)
  try {
    const iv = bytes.slice(0, 12)
    return new Uint8Array(
      await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, bytes.slice(12)),
    )
  } catch {
    throw new ProtocolFault('bad_mac', 'sealed', 'start again')
  }
}
