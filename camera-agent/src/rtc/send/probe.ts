import type { PacketReport } from './sent-record.ts'

/** A short train of packets sent faster than the estimate, to see whether the link carries it. */
export type Probe = {
  id: number
  bps: number
  bytes: number
  packets: number
  /** filled up when there is not enough to send */
  padded: boolean
}

const PROBE_MS = 20
const PACKETS_MIN = 5
const PACKET_MIN = 120
const RECEIVED_MIN = 4
/** Below this part of the rate it was sent with, the link was the limit, and a little less than it is safe. */
const LIMITED = 0.9

export const planProbe = (id: number, bps: number): Probe => ({
  id,
  bps,
  bytes: Math.max(PACKETS_MIN * PACKET_MIN, (bps * PROBE_MS) / 8000),
  packets: PACKETS_MIN,
  padded: true,
})

/** What one probe found, from those of its packets that arrived. */
export function createProbeResult() {
  let packets: { sentAt: number; receivedAt: number; size: number }[] = []
  return {
    add({ sentAt, receivedAt, size }: PacketReport): void {
      if (receivedAt !== undefined) packets.push({ sentAt, receivedAt, size })
    },
    /** In bits per second of what was received; undefined when too little was. */
    bps(): number | undefined {
      if (packets.length < RECEIVED_MIN) return undefined
      const bySent = packets.toSorted((a, b) => a.sentAt - b.sentAt)
      const byReceived = packets.toSorted((a, b) => a.receivedAt - b.receivedAt)
      const bytes = packets.reduce((sum, { size }) => sum + size, 0)
      const sentMs = (bySent.at(-1)?.sentAt ?? 0) - (bySent[0]?.sentAt ?? 0)
      const receivedMs = (byReceived.at(-1)?.receivedAt ?? 0) - (byReceived[0]?.receivedAt ?? 0)
      if (sentMs <= 0 || receivedMs < 0) return undefined
      // The interval of a train is filled by all of its packets but the one at its edge.
      const sent = ((bytes - (bySent.at(-1)?.size ?? 0)) * 8000) / sentMs
      const received = ((bytes - (byReceived[0]?.size ?? 0)) * 8000) / Math.max(receivedMs, 0.25)
      return received < LIMITED * sent ? received * 0.95 : sent
    },
    clear(): void {
      packets = []
    },
  }
}
