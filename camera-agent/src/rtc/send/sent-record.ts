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

const KEPT_MAX = 16_384
const KEPT_MS = 15_000
const PLACES_START = 1024
const REFERENCE_MS = 64
const NO_PROBE = -1

/** What is known of each packet, by its number: places that are used again, for every packet comes by here. */
function createPlaces(count: number) {
  return {
    count,
    sentAt: new Float64Array(count),
    /** bytes; 0 where there is no packet */
    size: new Uint32Array(count),
    probe: new Int32Array(count),
    lost: new Uint8Array(count),
  }
}

/** Every packet under its transport-wide sequence number, until feedback speaks of it or it is long past. */
export function createSentRecord() {
  let places = createPlaces(PLACES_START)
  let next = 1
  let oldest = 1
  let inFlight = 0
  /** highest sequence number that feedback has spoken of */
  let highest = 0
  let reference: number | undefined

  /** Bytes of a packet that is known; 0 for any other. */
  const sizeOf = (sequence: number): number =>
    sequence < oldest || sequence >= next ? 0 : (places.size[sequence & (places.count - 1)] as number)
  const probeOf = (place: number): number | undefined =>
    places.probe[place] === NO_PROBE ? undefined : places.probe[place]

  function forget(now: number): void {
    for (; oldest < next; oldest++) {
      const place = oldest & (places.count - 1)
      const size = places.size[place] as number
      if (size > 0 && next - oldest < KEPT_MAX && now - (places.sentAt[place] as number) <= KEPT_MS) return
      if (size > 0 && oldest > highest) inFlight -= size
      places.size[place] = 0
    }
  }

  function grow(): void {
    const larger = createPlaces(places.count * 2)
    for (let sequence = oldest; sequence < next; sequence++) {
      const [from, to] = [sequence & (places.count - 1), sequence & (larger.count - 1)]
      for (const field of ['sentAt', 'size', 'probe', 'lost'] as const)
        larger[field][to] = places[field][from] as number
    }
    places = larger
  }

  /** The receiver's clock without the wrap of its 24 bits. */
  function clockOf(low: number): number {
    const known = reference ?? low
    const ahead = (low - known) & 0xffffff
    const value = known + (ahead < 0x800000 ? ahead : ahead - 0x1000000)
    reference = value
    return value * REFERENCE_MS
  }

  function report(sequence: number, receivedAt: number | undefined, untold: boolean): PacketReport {
    const place = sequence & (places.count - 1)
    return {
      sequence,
      sentAt: places.sentAt[place] as number,
      size: places.size[place] as number,
      probe: probeOf(place),
      receivedAt,
      late: !untold && places.lost[place] === 1,
      untold,
    }
  }

  /** Feedback has come to this packet: what it passed over on its way is told as such. */
  function pass(sequence: number, reports: PacketReport[]): void {
    while (highest < sequence) {
      const size = sizeOf(++highest)
      if (size === 0) continue
      inFlight -= size
      if (highest < sequence) reports.push(report(highest, undefined, true))
    }
  }

  return {
    /** @returns the 16-bit number to write into the packet */
    add(now: number, size: number, probe?: number): number {
      forget(now)
      if (next - oldest >= places.count) grow()
      const place = next & (places.count - 1)
      places.sentAt[place] = now
      places.size[place] = size
      places.probe[place] = probe ?? NO_PROBE
      places.lost[place] = 0
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
        if (sizeOf(sequence) === 0) continue
        const place = sequence & (places.count - 1)
        pass(sequence, reports)
        if (arrival === undefined && places.lost[place] === 1) continue
        reports.push(report(sequence, arrival === undefined ? undefined : started + arrival, false))
        if (arrival === undefined) places.lost[place] = 1
        else places.size[place] = 0
      }
      return reports
    },
    /** Bytes of which no feedback has spoken. */
    inFlight: (): number => inFlight,
    /** When the oldest packet left of which no feedback has spoken; undefined when there is none. */
    waitingSince: (): number | undefined =>
      sizeOf(highest + 1) === 0 ? undefined : places.sentAt[(highest + 1) & (places.count - 1)],
  }
}
