import type { Must } from './must.ts'
import { controlMusts } from './musts/control.ts'
import { envelopeMusts } from './musts/envelope.ts'
import { ownerMusts } from './musts/owner.ts'
import { pairingMusts } from './musts/pairing.ts'
import { policyMusts } from './musts/policy.ts'
import { sdpMusts } from './musts/sdp.ts'
import { serveMusts } from './musts/serve.ts'
import { sessionMusts } from './musts/session.ts'
import { signalingMusts } from './musts/signaling.ts'
import { transportMusts } from './musts/transport.ts'
import { watchMusts } from './musts/watch.ts'

/** `M-2.10` comes after `M-2.9`. */
export function compare(a: string, b: string): number {
  const [[a1 = 0, a2 = 0], [b1 = 0, b2 = 0]] = [a, b].map(must => must.slice(2).split('.').map(Number)) as [
    number[],
    number[],
  ]
  return a1 - b1 || a2 - b2
}

/** Every row, by the numbers of docs/PROTOCOL.md. */
export const musts: readonly Must[] = [
  ...envelopeMusts,
  ...pairingMusts,
  ...policyMusts,
  ...sessionMusts,
  ...serveMusts,
  ...sdpMusts,
  ...ownerMusts,
  ...controlMusts,
  ...signalingMusts,
  ...transportMusts,
  ...watchMusts,
].sort((a, b) => compare(a.must, b.must))
