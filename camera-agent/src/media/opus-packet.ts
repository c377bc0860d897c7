const TICKS_PER_MS = 90
/** Frame sizes in ms by configuration (RFC 6716 §3.1, table 2). */
const SILK_MS = [10, 20, 40, 60]
const HYBRID_MS = [10, 20]
const CELT_MS = [2.5, 5, 10, 20]
const HYBRID_FIRST = 12
const CELT_FIRST = 16
/** RFC 6716 §3.2.5 */
const PACKET_MAX_MS = 120

/** How long an Opus packet lasts, ticks at 90 kHz; undefined when it is none (RFC 6716 §3). */
export function opusTicks(packet: Uint8Array): number | undefined {
  const [toc, second] = packet
  if (toc === undefined) return undefined
  const ms = frameMs(toc >> 3) * frames(toc & 3, second)
  return ms > 0 && ms <= PACKET_MAX_MS ? ms * TICKS_PER_MS : undefined
}

function frameMs(configuration: number): number {
  if (configuration < HYBRID_FIRST) return SILK_MS[configuration & 3] ?? 0
  if (configuration < CELT_FIRST) return HYBRID_MS[configuration & 1] ?? 0
  return CELT_MS[configuration & 3] ?? 0
}

function frames(code: number, second: number | undefined): number {
  if (code === 0) return 1
  if (code < 3) return 2
  return (second ?? 0) & 0x3f
}
