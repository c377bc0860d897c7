import { openEnvelope, type Verified } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import type { KeyId, PublicKey } from './ids.ts'
import { isRefuseCode, type Right } from './messages.ts'
import { type Clock, type PolicyInForce, rightsOf } from './policy.ts'
import { lintSdp } from './sdp-lint.ts'

export type OfferChecks = {
  camId: KeyId
  policy: PolicyInForce
  clock: Clock
  /** the current window nonce and the one before */
  windows: readonly string[]
  /** Records (viewer, sid) and says `fresh`, `seen`, or `full`; called once the signature has verified. */
  record: (viewer: KeyId, sid: string, win: string) => 'fresh' | 'seen' | 'full'
}

export type AcceptedOffer = {
  offer: Verified<'os1-offer'>
  viewer: KeyId
  key: PublicKey
  rights: readonly Right[]
  /** the viewer's description, unusable candidates deleted */
  sdp: string
}

/** A fault found after the signature verified: this one the camera may answer, signed. */
export class RefusedOffer extends Error {
  readonly offer: Verified<'os1-offer'>
  readonly fault: ProtocolFault
  override readonly name = 'RefusedOffer'
  constructor(offer: Verified<'os1-offer'>, fault: ProtocolFault) {
    super(fault.message)
    this.offer = offer
    this.fault = fault
  }
}

/**
 * Step 1: limit, bad_form, bad_type, wrong_aud, unknown_viewer, bad_sig. Whatever fails here is only counted.
 * @throws ProtocolFault
 */
export const openOffer = (
  jws: unknown,
  camId: KeyId,
  policy: PolicyInForce,
): Promise<Verified<'os1-offer'>> =>
  openEnvelope('os1-offer', jws, claims => policy.viewers.get(claims.iss)?.k, camId)

/**
 * Step 2: stale_win, replay, clock, expired, private, no_right, bad_sdp.
 * @throws RefusedOffer, or ProtocolFault unknown_viewer for a viewer that the policy no longer holds
 */
export function checkOffer(offer: Verified<'os1-offer'>, checks: OfferChecks): AcceptedOffer {
  try {
    return accept(offer, checks)
  } catch (error) {
    // A viewer removed in this very moment is unknown: it is told nothing.
    if (error instanceof ProtocolFault && isRefuseCode(error.code)) throw new RefusedOffer(offer, error)
    throw error
  }
}

function accept(offer: Verified<'os1-offer'>, checks: OfferChecks): AcceptedOffer {
  const { iss, sid, win, sdp, want, link } = offer.payload
  if (!checks.windows.includes(win))
    throw new ProtocolFault('stale_win', 'win', 'fetch a new beacon and try again')
  const recorded = checks.record(iss, sid, win)
  if (recorded === 'seen') throw new ProtocolFault('replay', 'sid', 'use a new sid for each attempt')
  if (recorded === 'full') throw new ProtocolFault('limit', 'sid', 'too many attempts: wait ten minutes')
  const granted = rightsOf(checks.policy, iss, checks.clock)
  const rights = want.filter(right => granted.includes(right))
  if (!rights.includes('view')) throw new ProtocolFault('no_right', 'want', 'ask for the right to view')
  if (link !== undefined) throw new ProtocolFault('no_right', 'link', 'only a hub key names a link')
  const lint = lintSdp(sdp, { kind: 'offer', talk: rights.includes('talk') })
  if (!lint.ok) throw new ProtocolFault('bad_sdp', lint.field, lint.note)
  const key = checks.policy.viewers.get(iss)?.k
  if (!key) throw new ProtocolFault('unknown_viewer', 'iss', 'ask the owner to let this key in')
  return { offer, viewer: iss, key, rights, sdp: lint.sdp }
}
