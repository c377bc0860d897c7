import { randomBytes, toBase64url } from '@ownsight/protocol/bytes'
import { envelopeHash } from '@ownsight/protocol/envelope'
import type { KeyPair } from '@ownsight/protocol/ids'
import { type Attempt, newSid, sealOffer } from '@ownsight/protocol/session'
import type { Pinned } from '../../viewer/src/watch.ts'
import { description } from '../unit/protocol/sdp.ts'
import type { EvilServer } from './evil-server.ts'
import { claimsOf } from './wire.ts'

/** People with keys of their own and no good in mind. */

/** The window nonce of a camera's newest beacon, which anybody on the server's side can read. */
export function windowOf(evil: EvilServer, camId: string): string {
  const beacon = evil.world.bag.findLast(
    ({ direction, event, is, link }) =>
      direction === 'up' && event === 'publish' && is === 'event' && link.cam === camId,
  )
  const { beacon: jws = '' } = (beacon?.body ?? {}) as { beacon?: string }
  return String(claimsOf(jws)?.win)
}

/** An offer by `view` with a good description and nobody behind it; or what belongs to `sent`, an earlier one. */
export async function attemptOf(
  view: KeyPair,
  camera: Pinned,
  evil: EvilServer,
  sent?: string,
): Promise<{ offer: string; attempt: Attempt }> {
  const sid = sent ? String(claimsOf(sent)?.sid) : newSid()
  const made = sent
    ? { offer: sent, oh: await envelopeHash(sent) }
    : await sealOffer({
        view,
        camId: camera.camId,
        win: windowOf(evil, camera.camId),
        sid,
        sdp: description('offer'),
        want: ['view'],
        start: 'now',
      })
  const { camId, key: pin } = camera
  return { offer: made.offer, attempt: { pin, camId, view: view.id, sid, oh: made.oh } }
}

export const junk = (bytes: number): string => toBase64url(randomBytes(bytes))
