import assert from 'node:assert/strict'
import { fromBase64url, randomId, toBase64url, utf8 } from '@ownsight/protocol/bytes'
import { seal } from '@ownsight/protocol/envelope'
import { type FaultCode, ProtocolFault } from '@ownsight/protocol/errors'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { Payload, Policy, Typ } from '@ownsight/protocol/messages'
import { openFirstPolicy, type PolicyInForce } from '@ownsight/protocol/policy'

/** Resolves to the fault, so that a test may look at its field as well. */
export async function faults(code: FaultCode, work: () => unknown, field?: string): Promise<ProtocolFault> {
  let value: unknown
  try {
    value = await work()
  } catch (error) {
    assert.ok(error instanceof ProtocolFault, `expected a ProtocolFault, got ${String(error)}`)
    assert.equal(error.code, code, error.message)
    if (field !== undefined) assert.equal(error.field, field)
    assert.match(error.message, /^[a-z_]+ \([^()]+\): \S+ \S/, 'a field and a remedy in words')
    return error
  }
  assert.fail(`expected ${code}, got ${JSON.stringify(value)}`)
}

export type Home = { root: KeyPair; admin: KeyPair; view: KeyPair; cam: KeyPair }

export async function newHome(): Promise<Home> {
  const [root, admin, view, cam] = await Promise.all([
    generateKeyPair(),
    generateKeyPair(),
    generateKeyPair(),
    generateKeyPair(),
  ])
  return { root, admin, view, cam }
}

export const now = (): number => Math.floor(Date.now() / 1000)

export function firstPolicy(home: Home, change: Partial<Policy> = {}): Policy {
  return {
    v: 1,
    cam: home.cam.id,
    root: home.root.id,
    iss: home.admin.id,
    n: 1,
    prev: null,
    iat: now(),
    admins: [{ k: home.admin.publicKey }],
    viewers: [{ k: home.view.publicKey, r: ['view', 'audio', 'talk', 'snapshot', 'ptz'] }],
    hubs: [],
    invites: [],
    hubsEnabled: true,
    privacy: false,
    ...change,
  }
}

export async function inForce(home: Home, change: Partial<Policy> = {}): Promise<PolicyInForce> {
  return openFirstPolicy(await seal('os1-policy', firstPolicy(home, change), home.admin.sign), {
    cam: home.cam.id,
    root: home.root.publicKey,
    admin: home.admin.publicKey,
    view: home.view.publicKey,
  })
}

/** A well-formed payload of each type; `iss` and `aud` differ. */
export function samples(home: Home): { [T in Typ]: Payload<T> } {
  const { cam, view, admin, root } = home
  const hash = toBase64url(new Uint8Array(32))
  const id = randomId()
  const rid = randomId()
  return {
    'os1-auth': {
      v: 1,
      iss: view.id,
      origin: 'https://home.example',
      role: 'viewer',
      sn: hash,
      cn: id,
      sock: 's1',
      iat: 1,
    },
    'os1-bind': {
      v: 1,
      iss: cam.id,
      cam: cam.publicKey,
      auth: view.publicKey,
      ticket: id,
      origin: 'https://home.example',
      iat: 1,
    },
    'os1-pair1': {
      v: 1,
      rid,
      root: root.publicKey,
      admin: admin.publicKey,
      view: view.publicKey,
      no: id,
    },
    'os1-pair2': { v: 1, rid, cam: cam.publicKey, nc: id, h1: hash, fw: '0.1.0' },
    'os1-pair3': { v: 1, rid, h12: hash, policy: 'a.b.c' },
    'os1-pair4': { v: 1, rid, h123: hash, ack: 'a.b.c' },
    'os1-policy': firstPolicy(home),
    'os1-ack': { v: 1, iss: cam.id, n: 1, ph: hash, iat: 1 },
    'os1-beacon': { v: 1, iss: cam.id, win: id, n: 1, ph: hash, fw: '0.1.0', iat: 1 },
    'os1-offer': {
      v: 1,
      iss: view.id,
      aud: cam.id,
      sid: id,
      win: id,
      iat: 1,
      want: ['view'],
      start: 'now',
      sdp: 'v=0\r\n',
    },
    'os1-answer': {
      v: 1,
      iss: cam.id,
      aud: view.id,
      sid: id,
      oh: hash,
      n: 1,
      r: ['view'],
      exp: 2,
      sdp: 'v=0\r\n',
    },
    'os1-refuse': { v: 1, iss: cam.id, aud: view.id, sid: id, oh: hash, code: 'stale_win' },
    'os1-confirm': { v: 1, iss: view.id, aud: cam.id, sid: id, th: hash },
    'os1-redeem': { v: 1, iss: root.id, aud: cam.id, win: id, view: view.publicKey, own: 'a.b.c', iat: 1 },
    'os1-own': { v: 1, iss: view.id, aud: cam.id, inv: root.id, win: id },
    'os1-redeemed': { v: 1, iss: cam.id, aud: view.id, inv: root.id, cam: cam.publicKey, iat: 1 },
    'os1-read': { v: 1, iss: admin.id, aud: cam.id, no: id, what: 'policy' },
    'os1-status': {
      v: 1,
      iss: cam.id,
      aud: admin.id,
      no: id,
      n: 1,
      ph: hash,
      signer: admin.publicKey,
      iat: 1,
      fw: '0.1.0',
      watching: 0,
      waiting: [{ inv: root.id, k: view.publicKey, at: 1 }],
      head: { i: 1, h: hash },
    },
    'os1-release': { v: 1, iss: admin.id, aud: cam.id, n: 1, ph: hash, iat: 1 },
    'os1-released': { v: 1, iss: cam.id, aud: admin.id, ph: hash, iat: 1 },
    'os1-head': {
      v: 1,
      iss: cam.id,
      i: 1,
      h: hash,
      iat: 1,
      c: { live: 1, ended: 1, foreign: 0, refused: { replay: 1 } },
    },
    'os1-join1': { v: 1, rid, admin: admin.publicKey, view: view.publicKey, no: id },
    'os1-join2': { v: 1, rid, admin: admin.publicKey, no: id, h1: hash },
    'os1-join3': { v: 1, rid, h12: hash },
    'os1-join4': { v: 1, rid, h123: hash, root: root.publicKey, sealed: hash },
  }
}

/** Signs any header and payload text with raw WebCrypto: what an attacker with a key can send. */
export async function forge(header: string, payload: string, key: CryptoKey): Promise<string> {
  const input = `${toBase64url(utf8(header))}.${toBase64url(utf8(payload))}`
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, utf8(input))
  return `${input}.${toBase64url(new Uint8Array(signature))}`
}

export const headerOf = (typ: string): string => `{"alg":"ES256","typ":"${typ}"}`

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The other valid signature of the same bytes: (r, n − s). */
export function malleate(jws: string): string {
  const [header, body, signature] = jws.split('.')
  const bytes = fromBase64url(signature ?? '')
  const s = BigInt(`0x${Buffer.from(bytes.slice(32)).toString('hex')}`)
  const other = (ORDER - s).toString(16).padStart(64, '0')
  bytes.set(Buffer.from(other, 'hex'), 32)
  return `${header}.${body}.${toBase64url(bytes)}`
}

/** The same bytes with one more trailing bit set in the last character, which a lax decoder drops. */
export function strayBit(value: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return value.slice(0, -1) + alphabet[alphabet.indexOf(value.slice(-1)) + 1]
}
