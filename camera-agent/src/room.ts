import type { EndedCode } from '@ownsight/protocol/channel'
import { ProtocolFault } from '@ownsight/protocol/errors'
import { SESSIONS_PER_CAMERA, SESSIONS_PER_VIEWER } from '@ownsight/protocol/limits'
import { type AcceptedOffer, RefusedOffer } from '@ownsight/protocol/offer-check'
import type { CameraState } from '@ownsight/protocol/session-state'

type Place = {
  readonly accepted: { readonly viewer: string }
  readonly state: CameraState
  /** it shows a picture, or may at any moment: false while a held session waits for its `play` */
  readonly plays: boolean
}

const isWaiting = ({ state, plays }: Place): boolean => state === 'live' && !plays

type Closable = Place & { readonly close: (code: EndedCode) => void }

/** Ends who has to go so that one more session fits. @throws RefusedOffer busy, when nobody does */
export function makeRoom(
  sessions: readonly Closable[],
  { viewer, offer }: Pick<AcceptedOffer, 'viewer' | 'offer'>,
): void {
  const way = giveWay(sessions, { viewer, holds: offer.payload.start === 'hold' })
  if (way === 'full')
    throw new RefusedOffer(offer, new ProtocolFault('busy', 'aud', 'too many sessions: close one'))
  way?.close('replaced')
}

/**
 * Who goes so that one more session fits: undefined where there is room, `full` where nobody does. Somebody who watches is
 * never pushed out; a viewer that starts over replaces its own oldest attempt, and whoever wants to see something now goes
 * before a session that only waits.
 */
function giveWay<Session extends Place>(
  sessions: readonly Session[],
  newcomer: { viewer: string; holds: boolean },
): Session | 'full' | undefined {
  const mine = sessions.filter(({ accepted }) => accepted.viewer === newcomer.viewer)
  const isMineFull = mine.length >= SESSIONS_PER_VIEWER
  if (!isMineFull && sessions.length < SESSIONS_PER_CAMERA) return undefined
  const pending = mine.find(({ state }) => state !== 'live')
  if (pending) return pending
  if (newcomer.holds) return 'full'
  return mine.find(isWaiting) ?? (isMineFull ? undefined : sessions.find(isWaiting)) ?? 'full'
}
