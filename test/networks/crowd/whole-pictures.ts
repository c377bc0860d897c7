import type { Packet } from '../../bench/homes/peer.ts'

const [STAP_A, SPS] = [24, 7]
/** Pictures whose packets are waited for: three seconds of them. */
const WAITING_MOST = 30

/** A picture that can be decoded by itself begins with its parameter sets (RFC 6184 §5.7.1 where they go together). */
const beginsKeyFrame = (payload: Buffer): boolean => {
  const type = (payload[0] ?? 0) & 31
  return type === SPS || (type === STAP_A && ((payload[3] ?? 0) & 31) === SPS)
}

/**
 * What a decoder would show, without one: the first key frame of which every packet has come, and from then on the end
 * of each later picture. Packets may come in any order, and twice.
 */
export function createWholePictures(onPicture: () => void): (packet: Packet) => void {
  const pictures = new Map<number, Map<number, Packet>>()
  let isShown = false

  const isWhole = (packets: ReadonlyMap<number, Packet>): boolean => {
    const first = [...packets.values()].find(({ payload }) => beginsKeyFrame(payload))
    if (!first) return false
    for (let sequence = first.sequence; ; sequence = (sequence + 1) & 0xffff) {
      const packet = packets.get(sequence)
      if (!packet) return false
      if (packet.marker) return true
    }
  }
  return packet => {
    if (isShown) {
      if (packet.marker) onPicture()
      return
    }
    const packets = pictures.get(packet.timestamp) ?? new Map<number, Packet>()
    pictures.set(packet.timestamp, packets.set(packet.sequence, packet))
    for (const old of [...pictures.keys()].slice(0, -WAITING_MOST)) pictures.delete(old)
    if (!isWhole(packets)) return
    isShown = true
    pictures.clear()
    onPicture()
  }
}
