import { createRequire } from 'node:module'
import type { DtlsTransport, IceConnection, SrtpSession } from '@ownsight/camera-agent/rtc/guard/internals'
import { TRANSPORT_CC } from '@ownsight/camera-agent/rtc/send/transport-cc'
import { rtcp, twccPacket } from '../../unit/camera-agent/send/feedback.ts'
import type { Counted } from './messages.ts'

const { RTCPeerConnection, RTCRtpCodecParameters, RTCRtpHeaderExtensionParameters } = createRequire(
  import.meta.url,
)('werift') as typeof import('werift')

type Datagrams = {
  listeners(event: 'message'): ((data: Buffer, from: object) => void)[]
  removeAllListeners(event: 'message'): void
  on(event: 'message', handler: (data: Buffer, from: object) => void): void
}
type Transport = Pick<DtlsTransport, 'onStateChange'> & {
  srtp?: SrtpSession
  srtcp?: { encrypt(packet: Buffer): Buffer }
  iceTransport: {
    connection: Omit<IceConnection, 'protocols'> & {
      protocols: { transport: { socket: Datagrams } }[]
      send(data: Buffer): Promise<void>
    }
  }
}

/** The first packets of each viewer are decrypted: what is only counted could be anything. */
const CHECKED = 200
const RECEIVER_REPORT = 201

const feedback = ['nack', 'nack pli', 'ccm fir', 'transport-cc'].map(each => {
  const [type = '', parameter] = each.split(' ')
  return { type, ...(parameter ? { parameter } : {}) }
})
const codec = (mimeType: string, rtcpFeedback: { type: string }[], parameters?: string) =>
  new RTCRtpCodecParameters({
    mimeType,
    clockRate: 90_000,
    rtcpFeedback,
    ...(parameters ? { parameters } : {}),
  })
const H264 = 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'

export type Receiver = {
  readonly id: number
  readonly offer: string
  answer(sdp: string): Promise<void>
  /** Tells the sender what has come since the last call, as browsers do every 100 ms. */
  feedback(withReport: boolean): void
  counted(): Counted
  close(): Promise<void>
}

/**
 * A viewer that costs little: werift makes the connection and answers STUN, but packets of RTP never reach it; they are
 * counted where the socket hands them out. It tells what came as a browser does, and asks for nothing again.
 */
export async function createReceiver(id: number, onConnected: () => void): Promise<Receiver> {
  const pc = new RTCPeerConnection({
    iceServers: [],
    bundlePolicy: 'max-bundle',
    codecs: { audio: [], video: [codec('video/H264', feedback, H264), codec('video/rtx', [])] },
    headerExtensions: { video: [new RTCRtpHeaderExtensionParameters({ uri: TRANSPORT_CC })] },
  })
  pc.addTransceiver('video', { direction: 'recvonly' })
  pc.createDataChannel('os1', { negotiated: true, id: 0 })
  // The camera begins SCTP. Browsers settle the collision (RFC 9260 §5.2.1); werift has to be told to wait.
  Object.defineProperty(pc.sctpTransport, 'isServer', { get: () => true })
  const [transport] = pc.dtlsTransports as unknown as Transport[]
  if (!transport) throw new Error('werift made no transport')
  const { connection } = transport.iceTransport
  connection.stunServer = undefined
  const count = createCount(id, packet => transport.srtp?.decrypt(packet))
  // Not the whole connection's state: a stock sender waits for SCTP to be begun, and so do we.
  transport.onStateChange.subscribe(state => {
    if (state === 'connected') onConnected()
  })
  await pc.setLocalDescription(await pc.createOffer())
  for (const { socket } of connection.protocols.map(each => each.transport)) takeOver(socket, count.take)
  const offer = pc.localDescription?.sdp ?? ''
  const extension = Number(/a=extmap:(\d+) .*transport-wide/.exec(offer)?.[1] ?? 0)
  count.setExtension(extension)
  return {
    id,
    offer,
    answer: async sdp => {
      count.setSsrc(Number(/a=ssrc:(\d+) /.exec(sdp)?.[1] ?? 0))
      await pc.setRemoteDescription({ type: 'answer', sdp })
    },
    feedback: withReport => {
      const { srtcp } = transport
      const told = srtcp && count.feedback(withReport)
      if (told) void connection.send(srtcp.encrypt(told))
    },
    counted: count.counted,
    close: () => pc.close(),
  }
}

/** RTP and RTCP begin with two bits of version 2 (RFC 7983 §7): they go to `take`, the rest where it went. */
function takeOver(socket: Datagrams, take: (packet: Buffer) => void): void {
  const before = socket.listeners('message')
  socket.removeAllListeners('message')
  socket.on('message', (data, from) => {
    const first = data[0] ?? 0
    if (first >= 128 && first < 192) return take(data)
    for (const each of before) each(data, from)
  })
}

/** @param decrypt throws for a packet that is not authentic; undefined before there are keys */
function createCount(id: number, decrypt: (packet: Buffer) => Buffer | undefined) {
  const counted = { id, packets: 0, bytes: 0, others: 0, checked: 0, bad: 0 }
  let ssrc = 0
  let extension = 0
  let base: number | undefined
  let arrivals: (number | undefined)[] = []

  function check(packet: Buffer): void {
    try {
      if (decrypt(packet)) counted.checked++
    } catch {
      counted.checked++
      counted.bad++
    }
  }
  function note(packet: Buffer): void {
    const wide = wideNumber(packet, extension)
    if (wide === undefined) return
    base ??= wide
    const at = (wide - base) & 0xffff
    if (at < 0x8000) arrivals[at] = performance.now()
  }
  return {
    counted: (): Counted => ({ ...counted }),
    setExtension: (number: number) => {
      extension = number
    },
    setSsrc: (number: number) => {
      ssrc = number
    },
    take(packet: Buffer): void {
      const type = (packet[1] ?? 0) & 0x7f
      if (packet.length < 12 || (type >= 64 && type < 96)) return
      if (packet.readUInt32BE(8) === ssrc) {
        counted.packets++
        counted.bytes += packet.length
      } else counted.others++
      if (counted.checked < CHECKED) check(packet)
      note(packet)
    },
    feedback(withReport: boolean): Buffer | undefined {
      const parts: Buffer[] = []
      if (withReport) parts.push(receiverReport(ssrc))
      if (base !== undefined && arrivals.length > 0) {
        const told = twccPacket(base, Array.from(arrivals))
        told.writeUInt32BE(ssrc, 8)
        parts.push(told)
        base = (base + arrivals.length) & 0xffff
        arrivals = []
      }
      return parts.length > 0 ? Buffer.concat(parts) : undefined
    },
  }
}

/** Nothing lost: what this machine drops is counted, not repaired. */
function receiverReport(ssrc: number): Buffer {
  const body = Buffer.alloc(28)
  body.writeUInt32BE(1, 0)
  body.writeUInt32BE(ssrc, 4)
  return rtcp(RECEIVER_REPORT, 1, body)
}

const ONE_BYTE_FORM = 0xbede

/** The transport-wide number among the extensions of the header (RFC 8285 §4.2), which is not encrypted. */
function wideNumber(packet: Buffer, extension: number): number | undefined {
  const start = 12 + 4 * ((packet[0] ?? 0) & 0x0f)
  if (((packet[0] ?? 0) & 0x10) === 0 || packet.readUInt16BE(start) !== ONE_BYTE_FORM) return undefined
  const end = start + 4 + 4 * packet.readUInt16BE(start + 2)
  for (let at = start + 4; at < end; at++) {
    const head = packet[at] ?? 0
    if (head === 0) continue
    if (head >> 4 === extension) return packet.readUInt16BE(at + 1)
    at += (head & 0x0f) + 1
  }
  return undefined
}
