import { unwrap } from './sequence.ts'
import type { TwccFeedback } from './twcc.ts'

/** What is known of one packet that was sent; times in ms. */
export type PacketReport = {
  sequence: number
  sentAt: number
  /** bytes on the wire, IP header and all */
  size: number
  /** which probe it belonged to */
  probe?: number | undefined
  /** by the receiver's clock; undefined when it is not there (yet) */
  receivedAt: number | undefined
  /** an earlier feedback said that it was lost */
  late: boolean
  /** no feedback has spoken of it, but one of what was sent later: the one in between was lost itself */
  untold: boolean
}

type Entry = { sentAt: number; size: number; probe: number | undefined; lost: boolean }

const KEPT_MAX = 16_384
const KEPT_MS = 15_000
const REFERENCE_MS = 64

/** Every packet under its transport-wide sequence number, until feedback speaks of it or it is long past. */
export function createSentRecord() {
  const entries = new Map<number, Entry>()
  let next = 1
  let oldest = 1
  let inFlight = 0
  /** highest sequence number that feedback has spoken of */
  let highest = 0
  let reference: number | undefined

  function forget(now: number): void {
    for (; oldest < next; oldest++) {
      const entry = entries.get(oldest)
      if (entry && next - oldest <= KEPT_MAX && now - entry.sentAt <= KEPT_MS) return
      if (entry && oldest > highest) inFlight -= entry.size
      entries.delete(oldest)
    }
  }

  /** The receiver's clock without the wrap of its 24 bits. */
  function clockOf(low: number): number {
    const known = reference ?? low
    const ahead = (low - known) & 0xffffff
    const value = known + (ahead < 0x800000 ? ahead : ahead - 0x1000000)
    reference = value
    return value * REFERENCE_MS
  }

  /** Feedback has come to this packet: what it passed over on its way is told as such. */
  function pass(sequence: number, reports: PacketReport[]): void {
    while (highest < sequence) {
      const entry = entries.get(++highest)
      if (!entry) continue
      inFlight -= entry.size
      if (highest === sequence) continue
      const { sentAt, size, probe } = entry
      reports.push({
        sequence: highest,
        sentAt,
        size,
        probe,
        receivedAt: undefined,
        late: false,
        untold: true,
      })
    }
  }

  return {
    /** @returns the 16-bit number to write into the packet */
    add(now: number, size: number, probe?: number): number {
      forget(now)
      entries.set(next, { sentAt: now, size, probe, lost: false })
      inFlight += size
      return next++ & 0xffff
    },
    /** Matches a feedback with what was sent. Packets that were never sent, or told of before, are passed over. */
    take(feedback: TwccFeedback): PacketReport[] {
      const first = unwrap(feedback.base, next)
      const started = clockOf(feedback.reference)
      const reports: PacketReport[] = []
      for (const [i, arrival] of feedback.arrivals.entries()) {
        const sequence = first + i
        if (sequence >= next) break
        const entry = entries.get(sequence)
        if (!entry) continue
        const { sentAt, size, probe, lost } = entry
        pass(sequence, reports)
        if (arrival === undefined && lost) continue
        const receivedAt = arrival === undefined ? undefined : started + arrival
        reports.push({ sequence, sentAt, size, probe, receivedAt, late: lost, untold: false })
        if (arrival === undefined) entry.lost = true
        else entries.delete(sequence)
      }
      return reports
    },
    /** Bytes of which no feedback has spoken. */
    inFlight: (): number => inFlight,
    /** When the oldest packet left of which no feedback has spoken; undefined when there is none. */
    waitingSince: (): number | undefined => entries.get(highest + 1)?.sentAt,
  }
}
