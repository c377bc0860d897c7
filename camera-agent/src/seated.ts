import { ProtocolFault } from '@ownsight/protocol/errors'
import { type AcceptedOffer, RefusedOffer } from '@ownsight/protocol/offer-check'
import type { Load, Seat } from './load.ts'

/**
 * One session on a seat of its own, until `run` ends; without `load` there is one for everybody.
 * @throws RefusedOffer busy, when the agent has no room and found none while it waited
 */
export async function seated(
  load: Load | undefined,
  accepted: AcceptedOffer,
  signal: AbortSignal,
  run: (seat?: Seat) => Promise<void>,
): Promise<void> {
  if (!load) return run()
  const seat = await load.admit(signal)
  if (!seat)
    throw new RefusedOffer(
      accepted.offer,
      new ProtocolFault('busy', 'load', 'the agent can serve no more: close a view, or try later'),
    )
  try {
    await run(seat)
  } finally {
    seat.release()
  }
}
