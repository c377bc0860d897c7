import type { RtpPacket } from 'werift'
import type { WeriftEvent } from './guard/internals.ts'
import { GuardError } from './guard-error.ts'

/** RTP that the peer sends to the camera: dropped before anything looks at it, unless the session has the right. */
export type Inbound = {
  /** asked for every packet; nothing is taken before the first call */
  allow(test: () => boolean): void
  counts(): { taken: number; dropped: number }
}

export function gateInbound(transport: object): Inbound {
  const { onRtp } = transport as { onRtp?: WeriftEvent<[RtpPacket]> }
  if (typeof onRtp?.execute !== 'function')
    throw new GuardError(
      'shape',
      'werift gives no event for inbound RTP: it is not the version this was made for',
    )
  const deliver = onRtp.execute
  let allowed = (): boolean => false
  let taken = 0
  let dropped = 0
  onRtp.execute = packet => {
    if (!allowed()) return void dropped++
    taken++
    deliver.call(onRtp, packet)
  }
  return {
    allow: test => {
      allowed = test
    },
    counts: () => ({ taken, dropped }),
  }
}
