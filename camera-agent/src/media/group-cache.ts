import type { Packet } from 'node-av/lib'

const MAX_PACKETS = 900
const MAX_BYTES = 32 * 1024 * 1024

/** The packets since the last key frame: a decoder opened in between begins with them. */
export function createGroupCache() {
  let packets: Packet[] = []
  let bytes = 0
  const clear = () => {
    for (const packet of packets) packet.free()
    packets = []
    bytes = 0
  }
  const isFull = () => packets.length >= MAX_PACKETS || bytes > MAX_BYTES
  return {
    packets: (): readonly Packet[] => packets,
    /** With the next packet of this group all of it is forgotten: who needs it takes it now. */
    isFull,
    push: (packet: Packet, key: boolean) => {
      if (key || isFull()) clear()
      if (!key && packets.length === 0) return
      const copy = packet.clone()
      if (copy) packets.push(copy)
      bytes += packet.size
    },
    clear,
  }
}
