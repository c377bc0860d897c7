import { cameraFolder, createKeys } from '@ownsight/camera-agent/keystore'
import { openPolicyStore } from '@ownsight/camera-agent/policy-store'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair, keyId, type PublicKey } from '@ownsight/protocol/ids'
import { openFirstPolicy } from '@ownsight/protocol/policy'
import { firstPolicy } from '../../unit/protocol/fixtures.ts'

/** What a home's viewer needs to know and hold; private keys as JWK, on their way to the viewers' process. */
export type MadeHome = {
  camId: string
  key: PublicKey
  /** the camera's own auth key */
  camAuth: PublicKey
  view: JsonWebKey
  viewerAuth: JsonWebKey
  /** what the owner's device would change the policy with */
  admin: JsonWebKey
  /** the policy in force, signed */
  policy: string
}

/** A camera as pairing leaves it: its key, its owner's first policy on disk. The ceremony is not what is measured. */
export async function makeHome(data: string, slug: string): Promise<MadeHome> {
  const folder = cameraFolder(data, slug)
  const keys = await createKeys(folder)
  const [root, admin, view, viewerAuth] = (await Promise.all(
    [false, true, true, true].map(extractable => generateKeyPair(extractable)),
  )) as [KeyPair, KeyPair, KeyPair, KeyPair]
  const home = { root, admin, view, cam: keys.cam }
  const jws = await seal('os1-policy', firstPolicy(home), admin.sign)
  const expected = { cam: keys.cam.id, root: root.publicKey, admin: admin.publicKey, view: view.publicKey }
  const policies = await openPolicyStore(folder, keys.cam)
  await policies.pair(await openFirstPolicy(jws, expected), jws, admin.publicKey, null)
  await policies.markBound()
  return {
    camId: keys.cam.id,
    key: keys.cam.publicKey,
    camAuth: keys.auth.publicKey,
    view: await crypto.subtle.exportKey('jwk', view.sign),
    viewerAuth: await crypto.subtle.exportKey('jwk', viewerAuth.sign),
    admin: await crypto.subtle.exportKey('jwk', admin.sign),
    policy: jws,
  }
}

export async function keyPairOf(jwk: JsonWebKey): Promise<KeyPair> {
  const publicKey = { x: jwk.x ?? '', y: jwk.y ?? '' }
  const sign = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
  ])
  return { id: await keyId(publicKey), publicKey, sign }
}
