import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exportPublicKey, type KeyPair, keyId } from '@ownsight/protocol/ids'
import * as v from 'valibot'
import { AgentError } from './agent-error.ts'
import { readIfPresent, writeDurably } from './durable-file.ts'

/** The camera's two keys: `cam` signs answers, beacons and acks; `auth` only answers server challenges. */
export type CameraKeys = { cam: KeyPair; auth: KeyPair }

const jwk = v.strictObject({
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: v.string(),
  y: v.string(),
  d: v.string(),
})
const keyFile = v.strictObject({ schema: v.literal(1), cam: jwk, auth: jwk })

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** Where one camera keeps its key and state; the folder is named after the camera, its identity is the key inside. */
export const cameraFolder = (data: string, slug: string): string => join(data, 'cameras', slug)

export async function loadKeys(folder: string): Promise<CameraKeys | undefined> {
  const path = join(folder, 'key.json')
  const text = await readIfPresent(path)
  if (text === undefined) return undefined
  const parsed = v.safeParse(keyFile, parseJson(text, path))
  if (!parsed.success)
    throw new AgentError('data', `${path} is damaged: restore it from a backup, or reset this camera.`)
  return { cam: await importKeyPair(parsed.output.cam), auth: await importKeyPair(parsed.output.auth) }
}

/** Makes and stores new keys. Called for a new camera and by a reset: the old identity ends here. */
export async function createKeys(folder: string): Promise<CameraKeys> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const [cam, auth] = await Promise.all([newJwk(), newJwk()])
  await writeDurably(join(folder, 'key.json'), JSON.stringify({ schema: 1, cam, auth }))
  return { cam: await importKeyPair(cam), auth: await importKeyPair(auth) }
}

async function newJwk(): Promise<v.InferOutput<typeof jwk>> {
  const pair = await crypto.subtle.generateKey(P256, true, ['sign', 'verify'])
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', pair.privateKey)
  return v.parse(jwk, { kty, crv, x, y, d })
}

async function importKeyPair(key: v.InferOutput<typeof jwk>): Promise<KeyPair> {
  const sign = await crypto.subtle.importKey('jwk', key, P256, false, ['sign'])
  const { d: _private, ...open } = key
  const publicKey = await exportPublicKey(await crypto.subtle.importKey('jwk', open, P256, true, ['verify']))
  return { id: await keyId(publicKey), publicKey, sign }
}

export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new AgentError('data', `${path} is not JSON: restore it from a backup.`)
  }
}
