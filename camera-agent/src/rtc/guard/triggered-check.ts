import type { Address, StunProtocol } from './internals.ts'

/**
 * An authenticated request shows that the peer's box now lets through what comes from here: a check to that address
 * that is under way is sent again at once, and not when its timer says (RFC 8445 §7.3.1.4, "In-Progress"). werift waits
 * for the timer, each time twice as long. One packet for one request, no larger than it.
 */
export function checkAgain({ transactions = {} }: StunProtocol, [host, port]: Address): () => void {
  // Of this moment: the request may begin a check of its own, which has just been sent.
  const underWay = Object.values(transactions).filter(
    ({ addr, ended }) => !ended && addr[0] === host && addr[1] === port,
  )
  return () => {
    const check = underWay.find(({ ended }) => !ended)
    check?.protocol.sendStun(check.request, check.addr).catch(() => undefined)
  }
}
