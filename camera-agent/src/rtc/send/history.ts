/** One media packet as it was sent first. */
export type SentPacket = { sequence: number; timestamp: number; marker: boolean; payload: Buffer }

export type HistoryOptions = {
  /** how long a packet can be asked for again, at least; ms */
  keepMs?: number
  maxBytes?: number
}

const KEEP_MS = 3000
const MAX_BYTES = 3 * 1024 * 1024
/** More packets than fit into those bytes as pictures are cut; a power of two, so that a number names its place. */
const PLACES = 4096
const NOTHING = -1

/**
 * What a viewer may ask for again (RFC 4585 §6.2.1), by time and within bounded memory; the payloads are shared with
 * all other viewers. A packet goes out again once within a round trip at most: a second request for it was sent before
 * the answer to the first could arrive. Every packet comes by here, so that each takes a place that is there already.
 */
export function createHistory({ keepMs = KEEP_MS, maxBytes = MAX_BYTES }: HistoryOptions = {}) {
  const sequences = new Int32Array(PLACES).fill(NOTHING)
  const timestamps = new Uint32Array(PLACES)
  const markers = new Uint8Array(PLACES)
  const sentAt = new Float64Array(PLACES)
  const resentAt = new Float64Array(PLACES)
  const payloads = new Array<Buffer | undefined>(PLACES).fill(undefined)
  let packets = 0
  let bytes = 0
  let oldest = 0
  let newest = 0

  const placeOf = (sequence: number): number => sequence & (PLACES - 1)

  function drop(place: number): void {
    if (sequences[place] === NOTHING) return
    packets--
    bytes -= payloads[place]?.length ?? 0
    sequences[place] = NOTHING
    payloads[place] = undefined
  }
  function forget(now: number): void {
    for (; packets > 0; oldest = (oldest + 1) & 0xffff) {
      const place = placeOf(oldest)
      if (sequences[place] !== oldest) continue
      if (now - (sentAt[place] as number) <= keepMs && bytes <= maxBytes) return
      drop(place)
    }
  }
  function read(sequence: number): SentPacket | undefined {
    const place = placeOf(sequence)
    const payload = payloads[place]
    if (sequences[place] !== sequence || !payload) return undefined
    return { sequence, timestamp: timestamps[place] as number, marker: markers[place] === 1, payload }
  }

  return {
    add({ sequence, timestamp, marker, payload }: SentPacket, now: number): void {
      const place = placeOf(sequence)
      drop(place)
      if (packets++ === 0) oldest = sequence
      newest = sequence
      sequences[place] = sequence
      timestamps[place] = timestamp
      markers[place] = marker ? 1 : 0
      sentAt[place] = now
      resentAt[place] = Number.NEGATIVE_INFINITY
      payloads[place] = payload
      bytes += payload.length
      forget(now)
    },
    /** Nothing sent so far is worth sending again. */
    clear(): void {
      sequences.fill(NOTHING)
      payloads.fill(undefined)
      packets = 0
      bytes = 0
    },
    /** The packet, if it may be sent again now; it then counts as sent again. */
    take(sequence: number, now: number, rttMs: number): SentPacket | undefined {
      forget(now)
      const packet = read(sequence)
      const place = placeOf(sequence)
      if (!packet || now - (resentAt[place] as number) < rttMs) return undefined
      resentAt[place] = now
      return packet
    },
    /** The newest packet of at most this many bytes: worth more in a probe than padding is. */
    newest(maxSize: number): SentPacket | undefined {
      for (let back = 0; back < 8; back++) {
        const sequence = (newest - back) & 0xffff
        const length = payloads[placeOf(sequence)]?.length
        if (length !== undefined && length <= maxSize) return read(sequence)
      }
      return undefined
    },
    size: () => ({ packets, bytes }),
  }
}

/** The payload of a retransmission: the original sequence number, then the original payload (RFC 4588 §4). */
export function rtxPayload({ sequence, payload }: SentPacket): Buffer {
  const out = Buffer.allocUnsafe(2 + payload.length)
  out.writeUInt16BE(sequence, 0)
  payload.copy(out, 2)
  return out
}
