import { randomBytes, randomInt } from 'node:crypto'
import type { RTCRtpSender } from 'werift'
import type { Seat } from '../../load.ts'
import type { SoundFrame } from '../../media/sound.ts'
import type { SrtpSession, WeriftEvent } from '../guard/internals.ts'
import { GuardError } from '../guard-error.ts'
import { systemClock } from './clock.ts'
import { createMediaSender, type Picture, type WirePacket } from './media-sender.ts'
import { openPacketPath } from './packet-path.ts'
import { createReportClock } from './report-clock.ts'
import { parseRtcp, withoutFeedback } from './rtcp.ts'
import type { SendStats } from './send-stats.ts'
import { senderReport } from './sender-report.ts'
import type { SoundOut } from './sound-out.ts'
import { TRANSPORT_CC } from './transport-cc.ts'

export type VideoOut = {
  picture(frame: Picture): void
  /** At once, once a picture has left. */
  sound(frame: SoundFrame): void
  onKeyframeRequest(handler: () => void): void
  bandwidth(): number
  onBandwidth(handler: (bps: number) => void): void
  setDemand(bps: number): void
  stats(): SendStats
  /** RTP packets of any kind */
  packets(): number
  close(): void
}

type Transport = {
  state: string
  srtcp?: SrtpSession
  onStateChange: WeriftEvent<[string]>
  sendRtcp(packets: { serialize(): Buffer }[]): Promise<unknown>
}
type Negotiated = {
  ssrc: number
  rtxSsrc: number
  rtxPayloadType?: number | undefined
  cname?: string | undefined
  codec?: { payloadType: number }
  headerExtensions: { id: number; uri: string }[]
}

const REPORT_MS = 1000
/** After the first sound: a receiver lays it beside the pictures once it has two reports of each. */
const FIRST_REPORTS_MS = [20, 220]
/** Within the first half: a receiver that misses the first packets could otherwise miss a wrap (RFC 3711 §3.3.1). */
const SEQUENCE_START = 2 ** 15
/** What the one-byte form of RFC 8285 §4.2 can name. */
const EXTENSION_ID_MAX = 14

/**
 * The one writer of RTP on a session's transport. werift's own sender would number packets, keep and repeat them, and
 * estimate bandwidth by itself: it is set aside whole, and its way of sending throws. So every sequence number of a
 * stream is written once, in order, and SRTP never encrypts two payloads under one index (RFC 3711 §9.1).
 */
export function createVideoOut(
  sender: RTCRtpSender,
  via: object,
  soundOut?: SoundOut,
  { openPath = openPacketPath, seat }: { openPath?: typeof openPacketPath; seat?: Seat | undefined } = {},
): VideoOut {
  const transport = via as Transport
  const negotiated = sender as unknown as Negotiated
  const { ssrc, rtxSsrc, rtxPayloadType, codec } = negotiated
  const extension = negotiated.headerExtensions.find(({ uri }) => uri === TRANSPORT_CC)?.id
  const hasRtx = rtxPayloadType !== undefined
  const hasFeedback = hasRtx && extension !== undefined && extension <= EXTENSION_ID_MAX
  const handlers: (() => void)[] = []
  const cname = negotiated.cname ?? randomBytes(8).toString('hex')
  const written = { packets: 0, bytes: 0, all: 0 }
  const reportClock = createReportClock()
  let reporting: NodeJS.Timeout | undefined
  let soon: NodeJS.Timeout[] = []
  let closed = false

  const path = openPath(transport, extension ?? 0)
  Object.defineProperty(sender, 'sendRtp', {
    value: () => {
      throw new GuardError('shape', 'pictures leave by one way only')
    },
  })

  function write(packet: WirePacket): void {
    if (closed || transport.state !== 'connected') return
    written.all++
    if (packet.stream === 'sound') {
      if (soundOut) path.send(soundOut.fields(packet))
      return
    }
    const { sequence, timestamp, marker, padding, payload } = packet
    const media = packet.stream === 'media'
    if (media) {
      written.packets++
      written.bytes += payload.length
    }
    path.send({
      ssrc: media ? ssrc : rtxSsrc,
      payloadType: (media ? codec?.payloadType : rtxPayloadType) ?? 0,
      sequence,
      timestamp,
      marker,
      padding,
      wide: packet.wide,
      payload,
    })
  }

  const out = createMediaSender({
    clock: systemClock,
    write,
    ssrc,
    hasRtx,
    hasFeedback,
    firstSequence: {
      media: randomInt(SEQUENCE_START),
      rtx: randomInt(SEQUENCE_START),
      sound: randomInt(SEQUENCE_START),
    },
    seat,
    countsSound: soundOut?.extension === extension,
    onKeyframe: () => {
      for (const handler of handlers) handler()
    },
  })

  function report(): void {
    const at = Date.now()
    const timestamp = reportClock.now(at)
    if (timestamp === undefined || transport.state !== 'connected') return
    const { packets, bytes } = written
    const packet = senderReport({ ssrc, cname, at, timestamp, packets, bytes })
    void transport.sendRtcp([{ serialize: () => packet }])
    reportSound(at, timestamp)
  }

  /** At the same moment, from the same clock and under the same name: so the receiver can lay one beside the other. */
  function reportSound(at: number, pictureTime: number): void {
    const reported = soundOut?.reported(pictureTime)
    if (!soundOut || !reported) return
    const packet = senderReport({ ssrc: soundOut.ssrc, cname, at, ...reported })
    void transport.sendRtcp([{ serialize: () => packet }])
  }

  readFeedback(transport, plain => {
    if (closed || !reporting) return
    const events = parseRtcp(plain)
    out.rtcp(events)
    soundOut?.read(events)
  })

  return {
    picture(frame) {
      if (closed) return
      reportClock.picture(frame.timestamp, Date.now())
      reporting ??= setInterval(report, REPORT_MS)
      out.picture(frame)
    },
    sound(frame) {
      const packet = closed ? undefined : soundOut?.packet(frame)
      if (!packet) return
      const isFirst = soundOut?.sent() === 0
      out.sound(packet)
      if (isFirst) soon = FIRST_REPORTS_MS.map(ms => setTimeout(report, ms))
    },
    onKeyframeRequest: handler => void handlers.push(handler),
    bandwidth: out.bandwidth,
    onBandwidth: out.onBandwidth,
    setDemand: out.setDemand,
    stats: out.stats,
    packets: () => written.all,
    close(): void {
      closed = true
      clearInterval(reporting)
      for (const timer of soon) clearTimeout(timer)
      out.close()
    },
  }
}

/** Takes a viewer's feedback where it has been decrypted, and leaves werift the rest. */
function readFeedback(transport: Transport, read: (plain: Buffer) => void): void {
  const hook = (): void => {
    const { srtcp } = transport
    if (!srtcp) return
    const decrypt = srtcp.decrypt
    srtcp.decrypt = packet => {
      const plain = decrypt.call(srtcp, packet)
      try {
        read(plain)
      } catch {
        // What one viewer sends must not end the agent.
      }
      return withoutFeedback(plain)
    }
  }
  if (transport.state === 'connected') hook()
  else
    transport.onStateChange.subscribe(state => {
      if (state === 'connected') hook()
    })
}
