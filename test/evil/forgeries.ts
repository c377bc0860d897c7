import { createHmac } from 'node:crypto'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type PublicKey } from '@ownsight/protocol/ids'
import { forge, strayBit } from '../unit/protocol/fixtures.ts'
import { otherFingerprint } from '../unit/protocol/sdp.ts'
import { claimsOf } from './wire.ts'

/** What somebody without the key can make of an envelope that passed: each must open as nothing, anywhere. */

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const decode = (part: string | undefined): string => Buffer.from(part ?? '', 'base64url').toString()

/** The same envelope with another fingerprint in its description, under the old signature. */
export function otherFingerprintIn(jws: string): string {
  const [header, payload, signature] = jws.split('.')
  const changed = decode(payload).replace(/(sha-256 )[0-9A-F:]{95}/, `$1${otherFingerprint}`)
  return `${header}.${encode(changed)}.${signature}`
}

/** The same, signed again by a key of the forger's. */
export async function signedByAnother(jws: string): Promise<string> {
  const { typ, ...payload } = claimsOf(jws) ?? { typ: '' }
  const stranger = await generateKeyPair()
  return seal(typ as 'os1-offer', payload as never, stranger.sign)
}

export async function unsigned(jws: string, key: PublicKey): Promise<{ [name: string]: string }> {
  const [header, payload = '', signature] = jws.split('.')
  const { typ } = JSON.parse(decode(header)) as { typ: string }
  const none = encode(`{"alg":"none","typ":"${typ}"}`)
  const hs256 = encode(`{"alg":"HS256","typ":"${typ}"}`)
  const secret = Buffer.from(JSON.stringify(key))
  const mac = createHmac('sha256', secret).update(`${hs256}.${payload}`).digest('base64url')
  return {
    'a bare description': String(claimsOf(jws)?.sdp),
    'plain JSON': decode(payload),
    'alg none': `${none}.${payload}.`,
    'alg none with a signature': `${none}.${payload}.${signature}`,
    'HS256 with the public key as its secret': `${hs256}.${payload}.${mac}`,
    ES384: `${encode(`{"alg":"ES384","typ":"${typ}"}`)}.${payload}.${signature}`,
  }
}

/** Signed by the attacker over a header that brings the attacker's own key along. */
export async function ownKeyInside(jws: string): Promise<{ [name: string]: string }> {
  const stranger = await generateKeyPair()
  const [header, payload] = jws.split('.')
  const { typ } = JSON.parse(decode(header)) as { typ: string }
  const jwk = { kty: 'EC', crv: 'P-256', ...stranger.publicKey }
  const sign = (extra: object) =>
    forge(JSON.stringify({ alg: 'ES256', typ, ...extra }), decode(payload), stranger.sign)
  return {
    'with jwk': await sign({ jwk }),
    'with crit': await sign({ crit: ['b64'], b64: true }),
    'with kid': await sign({ kid: stranger.id }),
  }
}

export function misspelt(jws: string): { [name: string]: string } {
  const [header = '', payload = '', signature = ''] = jws.split('.')
  const json = decode(payload)
  return {
    padding: `${header}=.${payload}.${signature}`,
    'a stray bit': `${header}.${payload}.${strayBit(signature)}`,
    'four parts': `${jws}.${signature}`,
    'an empty part': `${header}..${signature}`,
    'a member twice': `${header}.${encode(json.replace('{', '{"v":1,'))}.${signature}`,
    'a member __proto__': `${header}.${encode(json.replace('{', '{"__proto__":{"v":1},'))}.${signature}`,
    'a huge number': `${header}.${encode(json.replace(/"(iat|exp)":\d+/, '"$1":1e400'))}.${signature}`,
    'half a signature': `${header}.${payload}.${signature.slice(0, 40)}`,
    'no bytes at all': '..',
  }
}
