/** One media packet as it was sent first. */
export type SentPacket = { sequence: number; timestamp: number; marker: boolean; payload: Buffer }

export type HistoryOptions = {
  /** how long a packet can be asked for again, at least; ms */
  keepMs?: number
  maxBytes?: number
}

type Kept = SentPacket & { sentAt: number; resentAt: number | undefined }

const KEEP_MS = 3000
const MAX_BYTES = 3 * 1024 * 1024

/**
 * What a viewer may ask for again (RFC 4585 §6.2.1), by time and within bounded memory; the payloads are shared with
 * all other viewers. A packet goes out again once within a round trip at most: a second request for it was sent before
 * the answer to the first could arrive.
 */
export function createHistory({ keepMs = KEEP_MS, maxBytes = MAX_BYTES }: HistoryOptions = {}) {
  const kept = new Map<number, Kept>()
  let bytes = 0

  function drop(sequence: number): void {
    bytes -= kept.get(sequence)?.payload.length ?? 0
    kept.delete(sequence)
  }
  function forget(now: number): void {
    for (const [sequence, packet] of kept) {
      if (now - packet.sentAt <= keepMs && bytes <= maxBytes) return
      drop(sequence)
    }
  }

  return {
    add(packet: SentPacket, now: number): void {
      drop(packet.sequence)
      kept.set(packet.sequence, { ...packet, sentAt: now, resentAt: undefined })
      bytes += packet.payload.length
      forget(now)
    },
    /** Nothing sent so far is worth sending again. */
    clear(): void {
      kept.clear()
      bytes = 0
    },
    /** The packet, if it may be sent again now; it then counts as sent again. */
    take(sequence: number, now: number, rttMs: number): SentPacket | undefined {
      forget(now)
      const packet = kept.get(sequence)
      if (!packet) return undefined
      if (packet.resentAt !== undefined && now - packet.resentAt < rttMs) return undefined
      packet.resentAt = now
      return packet
    },
    /** The newest packet of at most this many bytes: worth more in a probe than padding is. */
    newest(maxSize: number): SentPacket | undefined {
      const all = [...kept.values()].slice(-8).reverse()
      return all.find(packet => packet.payload.length <= maxSize)
    },
    size: () => ({ packets: kept.size, bytes }),
  }
}

/** The payload of a retransmission: the original sequence number, then the original payload (RFC 4588 §4). */
export function rtxPayload({ sequence, payload }: SentPacket): Buffer {
  const out = Buffer.allocUnsafe(2 + payload.length)
  out.writeUInt16BE(sequence, 0)
  payload.copy(out, 2)
  return out
}
