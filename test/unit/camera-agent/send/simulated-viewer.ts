import type { Clock } from '@ownsight/camera-agent/rtc/send/clock'
import type { WirePacket } from '@ownsight/camera-agent/rtc/send/media-sender'
import type { RtcpEvents } from '@ownsight/camera-agent/rtc/send/rtcp'
import { told } from './feedback.ts'
import type { Link } from './simulated-link.ts'

const NACK_MS = 20
const NACK_AGAIN_MS = 60
const NACK_TRIES = 10
/** The receiver's clock began at another time. */
const CLOCK_MS = 1_234_567

type Missing = { since: number; askedAt: number; tries: number }
export type Shown = { timestamp: number; at: number }

/** Receives as a browser does: feedback on each packet, NACKs, and a PLI when a packet does not come in time. */
export function simulatedViewer(clock: Clock, back: Link, tell: (events: RtcpEvents) => void) {
  const arrived = new Map<number, number>()
  const missing = new Map<number, Missing>()
  const pictures = new Map<number, { first: number; last: number | undefined; sequences: Set<number> }>()
  const shown: Shown[] = []
  let told0 = 1
  let highestWide = 0
  let highest: number | undefined
  let bytes = 0
  let feedbackMs = 100

  const events = (part: Partial<RtcpEvents>): RtcpEvents => ({
    twcc: [],
    nacks: [],
    keyframes: [],
    reports: [],
    ...part,
  })
  const answer = (part: Partial<RtcpEvents>, size: number): void => back.send(size, () => tell(events(part)))

  function feedback(): void {
    if (arrived.size > 0) {
      const from = Math.min(told0, ...arrived.keys())
      const arrivals = Array.from({ length: highestWide - from + 1 }, (_, i) => arrived.get(from + i))
      answer({ twcc: [told(from, arrivals)] }, 60 + arrivals.length * 2)
      told0 = highestWide + 1
      arrived.clear()
    }
    // As libwebrtc: 5 % of what arrives, between 50 and 250 ms.
    feedbackMs = Math.min(Math.max((68 * 8000) / ((0.05 * bytes * 8000) / feedbackMs || 1), 50), 250)
    bytes = 0
    clock.after(feedbackMs, feedback)
  }

  function ask(): void {
    const now = clock.now()
    const sequences: number[] = []
    for (const [sequence, miss] of missing) {
      if (now - miss.since > 1500 || miss.tries >= NACK_TRIES) {
        missing.clear()
        answer({ keyframes: [1] }, 60)
        break
      }
      if (now - miss.askedAt < NACK_AGAIN_MS) continue
      miss.askedAt = now
      miss.tries++
      sequences.push(sequence & 0xffff)
    }
    if (sequences.length > 0) answer({ nacks: [{ ssrc: 1, sequences }] }, 80)
    clock.after(NACK_MS, ask)
  }

  function media(sequence: number, timestamp: number, marker: boolean): void {
    if (highest === undefined) highest = sequence - 1
    for (let i = highest + 1; i < sequence; i++)
      missing.set(i, { since: clock.now(), askedAt: Number.NEGATIVE_INFINITY, tries: 0 })
    highest = Math.max(highest, sequence)
    missing.delete(sequence)
    const picture = pictures.get(timestamp) ?? { first: sequence, last: undefined, sequences: new Set() }
    picture.first = Math.min(picture.first, sequence)
    if (marker) picture.last = sequence
    if (picture.sequences.has(sequence)) return
    picture.sequences.add(sequence)
    pictures.set(timestamp, picture)
    if (picture.last !== undefined && picture.sequences.size === picture.last - picture.first + 1)
      shown.push({ timestamp, at: clock.now() })
  }

  clock.after(feedbackMs, feedback)
  clock.after(NACK_MS, ask)
  return {
    receive(packet: WirePacket & { index: number }, size: number): void {
      bytes += size
      highestWide = Math.max(highestWide, packet.index)
      arrived.set(packet.index, clock.now() + CLOCK_MS)
      if (packet.padding) return
      if (packet.stream === 'media') media(packet.sequence, packet.timestamp, packet.marker)
      else media(packet.payload.readUInt16BE(0), packet.timestamp, packet.marker)
    },
    /** pictures of which every packet came */
    shown,
  }
}
