/** What of werift's SCTP association its retransmission rests on; times in seconds. */
export type Association = {
  rto: number
  srtt?: number | undefined
  rttvar?: number | undefined
  /** retransmissions of the chunk that opens the association */
  timer1Failures: number
}

/** Before a round trip is known. */
const INITIAL_S = 0.4
/** More than a peer may hold back an acknowledgement (RFC 9260 §6.2: 200 ms) and a short way. */
const MIN_S = 0.3
const MAX_S = 8
/** How much of the variance of RFC 9260 §6.3.1 is believed: its first sample triples the wait, for one lost message. */
const variance = (srtt: number, rttvar = srtt / 2): number => Math.min(4 * rttvar, Math.max(0.2, srtt / 2))
/** The first copies follow each other quickly, the last ones as slowly as RFC 9260 §6.3.3 would have it. */
const BACK_OFF = [1, 1, 2, 2, 4, 4, 8, 8]

/**
 * werift waits three seconds for each packet of SCTP's opening that was lost, and never less than one for any later one:
 * the values RFC 9260 §16 names for bulk transfer. Here a few small messages open a picture that somebody waits for, and
 * it is the camera that begins, so that all four packets of the opening are repeated by this end's clock.
 */
export function quicken(association: Association): void {
  const delay = (): number => {
    const { srtt, rttvar, timer1Failures } = association
    const usual = srtt === undefined ? INITIAL_S : srtt + variance(srtt, rttvar)
    const factor = BACK_OFF[Math.min(timer1Failures, BACK_OFF.length - 1)] ?? 1
    return Math.min(MAX_S, Math.max(MIN_S, usual) * factor)
  }
  // What the library writes is computed anew from the same figures: nothing of it is lost.
  Object.defineProperty(association, 'rto', { get: delay, set: () => undefined, configurable: true })
}
