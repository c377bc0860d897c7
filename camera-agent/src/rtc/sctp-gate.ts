import type { WeriftEvent } from './guard/internals.ts'
import { GuardError } from './guard-error.ts'

/**
 * Judges each SCTP packet before werift sees it. A peer that may watch is a stranger all the same: of a chunk that says
 * it has no length werift would make copies until memory ends, one it does not know ends the process, and what a
 * sender may keep waiting it does not bound. Whatever is not well formed is dropped as if lost (RFC 9260 §6.8 does so
 * with a wrong checksum), and what still fails inside the library ends this session and nothing else.
 */
export type Gated = {
  dataReceiver: (data: Buffer) => void
}
export type SctpTransport = {
  sctp: Association
  datachannelReceive(stream: number, protocol: number, data: Buffer): Promise<void>
}
type Association = Pick<SctpState, 'lastReceivedTsn' | 'inboundStreams'> & {
  handleData(data: Buffer): Promise<void>
  onReceive: WeriftEvent<[number, number, Buffer]>
}
export type SctpState = {
  /** undefined before the peer has named its first one */
  readonly lastReceivedTsn?: number | undefined
  readonly inboundStreams: { readonly [id: number]: { readonly reassembly: readonly unknown[] } | undefined }
}

export function gateSctp(transport: object, channels: object, onFault: () => void): void {
  const gated = transport as Gated
  const { sctp, datachannelReceive } = channels as SctpTransport
  if ([gated.dataReceiver, sctp?.handleData, datachannelReceive].some(each => typeof each !== 'function'))
    throw new GuardError('shape', "werift's SCTP is not the one its gate was made for")
  gated.dataReceiver = data => {
    if (isSound(data, sctp)) sctp.handleData(data).catch(onFault)
  }
  sctp.onReceive.execute = (...message) => void datachannelReceive(...message).catch(onFault)
}

const COMMON_HEADER = 12
const HEADER = 4
const [DATA, INIT_ACK, SACK, RECONFIG, FORWARD_TSN] = [0, 2, 3, 130, 192]
/**
 * Least bytes of each chunk's body (RFC 9260 §3.3, RFC 6525 §3.1, RFC 3758 §3.2). INIT and COOKIE ECHO are not among
 * them: the camera begins, and werift passes over those where it is the one that began.
 */
const LEAST = new Map([
  [DATA, 13],
  [INIT_ACK, 16],
  [SACK, 12],
  ...[4, 5, 6, 8, 9, 11, 14].map(type => [type, 0] as const),
  [7, 4],
  [RECONFIG, 4],
  [FORWARD_TSN, 4],
])
/** From here on a body is parameters, each with a length of its own. */
const PARAMETERS_AT = new Map([[INIT_ACK, 16], ...[4, 5, 6, 9, RECONFIG].map(type => [type, 0] as const)])
const RECONFIG_LEAST = new Map([
  [13, 12],
  [16, 8],
  [17, 6],
])

/** Packets that may arrive before one that is missing, and parts of a message that wait for the others. */
const AHEAD_MAX = 256
const PARTS_MAX = 256
/** Channel 0 is the only one there is; a peer that opens another says so in one message, and is heard. */
const STREAMS_MAX = 1024
const UNFRAGMENTED = 3
const UNORDERED = 4

/** Whether every chunk is one that may come, whole, and of bounded consequence. */
export function isSound(packet: Buffer, state: SctpState): boolean {
  let at = COMMON_HEADER
  if (packet.length < at + HEADER) return false
  while (at + HEADER <= packet.length) {
    const length = packet.readUInt16BE(at + 2)
    const type = packet.readUInt8(at)
    const least = LEAST.get(type)
    if (least === undefined || length < HEADER + least || at + length > packet.length) return false
    const body = packet.subarray(at + HEADER, at + length)
    if (!isSoundBody(type, packet.readUInt8(at + 1), body, state)) return false
    at += padded(length)
  }
  return true
}

const padded = (length: number): number => (length + 3) & ~3

function isSoundBody(type: number, flags: number, body: Buffer, state: SctpState): boolean {
  if (type === DATA) return isSoundData(flags, body, state)
  if (type === SACK) return isSoundSack(body)
  if (type === FORWARD_TSN) return body.length % 4 === 0
  const from = PARAMETERS_AT.get(type)
  return from === undefined || areSoundParameters(body.subarray(from), type)
}

function areSoundParameters(body: Buffer, chunk: number): boolean {
  for (let at = 0; at + HEADER <= body.length; ) {
    const length = body.readUInt16BE(at + 2)
    if (length < HEADER || at + length > body.length) return false
    const least = chunk === RECONFIG ? (RECONFIG_LEAST.get(body.readUInt16BE(at)) ?? 0) : 0
    const isEven = chunk !== RECONFIG || length % 2 === 0
    if (length < HEADER + least || !isEven) return false
    at += padded(length)
  }
  return true
}

/** The numbers of blocks and duplicates are those that are there, and the blocks come in order, none over another. */
function isSoundSack(body: Buffer): boolean {
  const [gaps, duplicates] = [body.readUInt16BE(8), body.readUInt16BE(10)]
  if (body.length !== 12 + 4 * (gaps + duplicates)) return false
  let last = 0
  for (let at = 12; at < 12 + 4 * gaps; at += 4) {
    const [first, end] = [body.readUInt16BE(at), body.readUInt16BE(at + 2)]
    if (first <= last || end < first) return false
    last = end
  }
  return true
}

function isSoundData(flags: number, body: Buffer, { lastReceivedTsn, inboundStreams }: SctpState): boolean {
  if (lastReceivedTsn === undefined) return false
  const ahead = (body.readUInt32BE(0) - lastReceivedTsn) >>> 0
  // In the upper half it lies behind, and is a copy.
  if (ahead > AHEAD_MAX && ahead < 2 ** 31) return false
  const [stream, sequence] = [body.readUInt16BE(4), body.readUInt16BE(6)]
  if (stream === 0) return (inboundStreams[0]?.reassembly.length ?? 0) < PARTS_MAX
  const isWhole = (flags & UNFRAGMENTED) === UNFRAGMENTED
  return stream < STREAMS_MAX && isWhole && (sequence === 0 || (flags & UNORDERED) !== 0)
}
