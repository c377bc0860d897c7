import type { Address, CandidatePair, IceConnection, StunProtocol } from './internals.ts'

/** Longer than any nomination that is under way, shorter than the wait for another ClientHello of most stacks. */
const UNNAMED_MS = 900
const SUCCEEDED = 3

/**
 * A peer may send on any pair that works, before it nominates one (RFC 8445 §12.1); some never do: libjuice takes a
 * second response to one check for the answer to a nomination that it has not sent. werift waits for the nomination and
 * leaves such a peer's hellos unanswered. A pair whose check has succeeded, and over which DTLS still comes this long
 * after it first did, is taken for the nominated one.
 * @param now monotonic, ms
 */
export function usedPair(connection: IceConnection, now = () => performance.now()) {
  let used: CandidatePair | undefined
  let since = 0
  return (protocol: StunProtocol, [host, port]: Address, data: Buffer): void => {
    const first = data[0] ?? 0
    // RFC 7983 §7
    if (connection.nominated || connection.iceControlling || first < 20 || first > 63) return
    const pair = connection.checkList.find(
      each =>
        each.state === SUCCEEDED &&
        each.protocol === protocol &&
        each.remoteAddr[0] === host &&
        each.remoteAddr[1] === port,
    )
    if (!pair) return
    if (pair !== used) {
      used = pair
      since = now()
    } else if (now() - since >= UNNAMED_MS) {
      pair.nominated = true
      connection.checkComplete(pair)
    }
  }
}
