import { GuardError } from '../guard-error.ts'
import { type DtlsTransport, type SrtpSession, srtpAuthenticationError } from './internals.ts'
import { type ReplayWindow, replayWindow } from './replay-window.ts'

/** More sources than any honest peer has; each costs one window. */
const SOURCES_MAX = 16
const GCM_PROFILE = 7
const CM_TAG_BYTES = 10

/** SRTP and SRTCP packets count once per source (RFC 3711 §3.3.2); werift keeps no replay list. */
export function rejectReplays(transport: DtlsTransport): void {
  const gcm = transport.dtls?.srtp.srtpProfile === GCM_PROFILE
  const tail = gcm ? 4 : 4 + CM_TAG_BYTES
  const { srtp, srtcp } = transport
  if (typeof srtp?.decrypt !== 'function' || typeof srtcp?.decrypt !== 'function')
    throw new GuardError(
      'shape',
      "werift's SRTP sessions have no decrypt: it is not the version the guard was made for",
    )
  once(srtp, 12, packet => ({ source: packet.readUInt32BE(8), sequence: packet.readUInt16BE(2) }))
  once(srtcp, 8 + tail, packet => ({
    source: packet.readUInt32BE(4),
    index: BigInt(packet.readUInt32BE(packet.length - tail) & 0x7fffffff),
  }))
}

type Place = { source: number; sequence: number } | { source: number; index: bigint }
type Source = { window: ReplayWindow; highest: bigint }

function once(session: SrtpSession, minimum: number, place: (packet: Buffer) => Place): void {
  const SrtpAuthenticationError = srtpAuthenticationError()
  const sources = new Map<number, Source>()
  const decrypt = session.decrypt
  // Any other error would leave the library, and the process with it.
  const opened = (packet: Buffer): Buffer => {
    try {
      return decrypt.call(session, packet)
    } catch (error) {
      throw error instanceof SrtpAuthenticationError ? error : new SrtpAuthenticationError(String(error))
    }
  }
  session.decrypt = packet => {
    if (packet.length < minimum) throw new SrtpAuthenticationError('too short')
    const found = place(packet)
    const known = sources.get(found.source)
    if (!known && sources.size >= SOURCES_MAX) throw new SrtpAuthenticationError('too many sources')
    const index = 'index' in found ? found.index : extend(found.sequence, known?.highest)
    if (known?.window.seen(index)) throw new SrtpAuthenticationError('a copy')
    const plain = opened(packet)
    // Only what has been authenticated enters the window.
    const source = known ?? { window: replayWindow(), highest: index }
    source.window.accept(index)
    if (index > source.highest) source.highest = index
    sources.set(found.source, source)
    return plain
  }
}

/** The packet index nearest to the highest one seen (RFC 3711 §3.3.1). The first turn is 1, so that none is negative. */
function extend(sequence: number, highest: bigint | undefined): bigint {
  if (highest === undefined) return 0x10000n + BigInt(sequence)
  const ahead = (BigInt(sequence) - highest) & 0xffffn
  return ahead < 0x8000n ? highest + ahead : highest + ahead - 0x10000n
}
