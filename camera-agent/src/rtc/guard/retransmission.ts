import { setTimeout as delay } from 'node:timers/promises'
import { GuardError } from '../guard-error.ts'
import { type Flight, flight6Class, flightClass } from './internals.ts'

/** Waits between copies of a flight, ms; the last one repeats until the handshake's deadline. */
const WAITS = [100, 200, 400, 400, 800, 800, 1000] as const
const DEADLINE_MS = 10_000
const DATAGRAM_MAX = 1200

/** Set on a context whose session is over: its flights stop. */
export const OVER = 99

/** Packs a flight into as few datagrams as fit a path, so that one loss costs a flight and never a part of it. */
export function pack(records: readonly Buffer[]): Buffer[] {
  const datagrams: Buffer[] = []
  for (const record of records) {
    const last = datagrams.at(-1)
    if (last && last.length + record.length <= DATAGRAM_MAX)
      datagrams[datagrams.length - 1] = Buffer.concat([last, record])
    else datagrams.push(record)
  }
  return datagrams
}

/** Quick retransmission of packed flights, and a Finished whose record number is never used again. */
export function installRetransmission(): void {
  const { prototype } = flightClass()
  prototype.transmit = async function transmit(this: Flight, records: Buffer[]) {
    const datagrams = pack(records)
    const end = performance.now() + DEADLINE_MS
    for (let copy = 0; ; copy++) {
      this.send(datagrams).catch(() => undefined)
      if (this.nextFlight === undefined) return
      await delay(WAITS[Math.min(copy, WAITS.length - 1)], undefined, { ref: false })
      if (this.dtls.flight >= this.nextFlight) return
      if (performance.now() > end) throw new GuardError('order', 'the handshake did not end in time')
    }
  }
  installNonceFix()
}

/**
 * werift restarts its record numbers at 0 after Finished, inside the same epoch: the 8th record would repeat the
 * nonce of Finished under the same AES-GCM key (RFC 5288 §3). The numbers go on instead.
 */
function installNonceFix(): void {
  const { prototype } = flight6Class()
  const original = prototype.sendFinished
  prototype.sendFinished = function sendFinished(this: Flight) {
    const before = this.dtls.recordSequenceNumber
    const record = original.call(this as never)
    this.dtls.recordSequenceNumber = before + 1
    return record
  }
}
