import { randomBytes, toBase64url } from '@ownsight/protocol/bytes'
import { envelopeHash, seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { type Attempt, newSid, sealAnswer, sealOffer } from '@ownsight/protocol/session'
import type { Pinned } from '../../viewer/src/watch.ts'
import { description } from '../unit/protocol/sdp.ts'
import type { EvilServer } from './evil-server.ts'
import { claimsOf } from './wire.ts'
import { replyTo } from './world.ts'

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

/**
 * The splice of RFC 8844 with an insider (PROTOCOL.md §7, confirm): the attacker owns a decoy camera that the victim
 * has pinned, and holds a view key that the target camera accepts. The victim's offer to the decoy is sealed anew under
 * the attacker's key for the target; the target's description comes back in an honest answer of the decoy.
 */
export async function spliceUnknownKeyShare(
  evil: EvilServer,
  people: { guest: KeyPair; target: Pinned; victim: KeyPair },
) {
  const { guest, target, victim } = people
  const decoy = await generateKeyPair()
  const counts = { spliced: 0 }
  const beacon = await seal(
    'os1-beacon',
    { v: 1, iss: decoy.id, win: newSid(), n: 1, ph: junk(32), fw: 'decoy', iat: now() },
    decoy.sign,
  )

  async function answerFor(offer: string): Promise<unknown> {
    const { sdp, sid } = claimsOf(offer) as { sdp?: string; sid?: string }
    const own = await sealOffer({
      view: guest,
      camId: target.camId,
      win: windowOf(evil, target.camId),
      // The victim's own number: what the two sessions can have in common, they have.
      sid: sid ?? '',
      sdp: sdp ?? '',
      want: ['view'],
      start: 'now',
    })
    const reply = await evil.world.camera(target.camId)?.ask('down', 'offer', { offer: own.offer })
    const { sdp: foreign } = claimsOf((reply as { answer: string }).answer) as { sdp?: string }
    const heard = { payload: { iss: victim.id, sid }, hash: await envelopeHash(offer) }
    const terms = { n: 1, r: ['view' as const], exp: now() + 600, sdp: foreign ?? '' }
    counts.spliced++
    return { answer: await sealAnswer(decoy, heard as never, terms) }
  }
  const kept = new Map<string, Promise<unknown>>()
  evil.hooks.packet = packet => {
    const { cam, offer } = (packet.body ?? {}) as { cam?: string; offer?: string }
    if (packet.direction !== 'up' || packet.is !== 'event' || cam !== decoy.id) return undefined
    if (packet.event === 'beacon') return [replyTo(packet, { beacon })]
    if (!offer) return undefined
    const answer = kept.get(offer) ?? answerFor(offer)
    kept.set(offer, answer)
    void answer.then(body => evil.world.deliver(replyTo(packet, body)))
    return []
  }
  const stop = () => {
    evil.hooks.packet = undefined
  }
  return { decoy: { camId: decoy.id, key: decoy.publicKey }, counts, stop }
}

const now = (): number => Math.floor(Date.now() / 1000)
