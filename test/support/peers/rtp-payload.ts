/** What one RTP packet carries (RFC 3550 §5.1), its extension and padding taken off; undefined for what is not RTP. */
export function rtpPayload(
  packet: Buffer,
): { type: number; marker: boolean; timestamp: number; payload: Buffer } | undefined {
  const [flags = 0, second = 0] = packet
  if (packet.length < 12 || flags >> 6 !== 2) return undefined
  let start = 12 + 4 * (flags & 15)
  if (flags & 0x10) {
    if (packet.length < start + 4) return undefined
    start += 4 + 4 * packet.readUInt16BE(start + 2)
  }
  const end = packet.length - (flags & 0x20 ? (packet.at(-1) ?? 0) : 0)
  if (start > end) return undefined
  return {
    type: second & 127,
    marker: second >= 128,
    timestamp: packet.readUInt32BE(4),
    payload: packet.subarray(start, end),
  }
}
