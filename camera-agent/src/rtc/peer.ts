import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CHANNEL_ID, CHANNEL_LABEL } from '@ownsight/protocol/channel'
import { VIEWER_SILENT_MS } from '@ownsight/protocol/limits'
import type { RTCDataChannel, RTCPeerConnection, RTCRtpSender } from 'werift'
import type { Seat } from '../load.ts'
import { orderFor } from './candidate-order.ts'
import { nextCertificate } from './certificate.ts'
import { faultOf, hasProved, isGuardInstalled } from './dtls-guard.ts'
import { earlyHello } from './guard/early-hello.ts'
import type { DtlsTransport, IceConnection } from './guard/internals.ts'
import { endAtNomination } from './guard/prompt-nomination.ts'
import { type GuardCode, GuardError } from './guard-error.ts'
import { gateInbound, type Inbound } from './inbound.ts'
import { createInbox } from './inbox.ts'
import type { VideoCodec } from './offered-video.ts'
import { attach, type SessionRelay } from './relay.ts'
import { gateSctp } from './sctp-gate.ts'
import { type Association, quicken } from './sctp-timers.ts'
import type { Picture } from './send/media-sender.ts'
import type { SendStats } from './send/send-stats.ts'
import type { SoundOut } from './send/sound-out.ts'
import { createSoundSide, prepareSound, SOUND_CODECS_OFFERED, type SoundSide } from './send/sound-side.ts'
import { TRANSPORT_CC } from './send/transport-cc.ts'
import { createVideoOut } from './send/video-out.ts'
import { videoCodecOf, videoCodecsFor } from './video-codecs.ts'
import { werift } from './werift.ts'

export type PeerOptions = {
  /** taken once for each session; without it no server is asked and no relay is used */
  relay?: (() => SessionRelay) | undefined
  portRange?: [number, number]
  /** own addresses that media may use; every one but loopback when absent */
  interfaceAddresses?: string[]
  /** false or absent: the answer rejects the offer's section for sound, and no sound can leave */
  sound?: boolean
  /** what the agent has to spare for this viewer */
  seat?: Seat | undefined
  signal: AbortSignal
}
export type CloseReason =
  | 'local'
  | 'peer_closed'
  | 'possession_failed'
  | 'handshake_failed'
  | 'ice_failed'
  | 'foreign_channel'
  | 'peer_silent'
  | 'peer_faulty'
  | 'aborted'

export type CameraPeer = {
  /** the whole description to sign, candidates inside */
  readonly answer: string
  /** `AA:BB:…` of this session's own certificate */
  readonly fingerprint: string
  readonly video: VideoCodec | undefined
  /** The peer has proved possession and the channel is open. Rejects with GuardError or PeerError. */
  readonly open: Promise<void>
  readonly closed: Promise<CloseReason>
  send(text: string): void
  onMessage(handler: (text: string) => void): void
  /** Paced to what the path carries: a picture that would come too late is left out, up to the next key frame. */
  sendVideo(frame: Picture): void
  /** PLI and FIR, and our own wishes, as one; at most every 400 ms. */
  onKeyframeRequest(handler: () => void): void
  /** Bits per second that pictures may use: headers, repetitions and padding not among them. */
  bandwidth(): number
  onBandwidth(handler: (bps: number) => void): void
  /** The most that could be used, bits per second: no more is looked for. */
  setDemand(bps: number): void
  stats(): SendStats | undefined
  path(): 'host' | 'srflx' | 'prflx' | 'relay' | undefined
  rtpSent(): number
  /** the way for sound, where the answer has one */
  readonly sound?: SoundSide | undefined
  /** what the viewer sends: nothing of it is taken until the session says so */
  readonly inbound: Inbound
  close(reason?: CloseReason): Promise<void>
}

export class PeerError extends Error {
  readonly code: CloseReason
  override readonly name = 'PeerError'
  constructor(code: CloseReason) {
    super(`the peer connection ended: ${code}`)
    this.code = code
  }
}

const LAST_WORDS_MS = 300
const STREAM = 'camera'
/** For the own public address; who gets no answer in time goes without, and the peer finds it out (RFC 8445 §7.3.1.3). */
const STUN_WAIT_S = 0.5

/** Faults of a peer that is not the one the signed offer names. */
const UNPROVED: ReadonlySet<GuardCode> = new Set(['possession', 'finished', 'transcript', 'fingerprint'])

/**
 * Answers one linted offer with a new connection and a new certificate. Nothing is sent to the peer but ICE and DTLS
 * until `open` resolves, and the caller sends no RTP before its own confirm (PROTOCOL.md §7).
 */
export async function acceptOffer(offer: string, options: PeerOptions): Promise<CameraPeer> {
  if (!isGuardInstalled()) throw new GuardError('not_installed', 'no session without the guard')
  const certificate = await nextCertificate()
  const pc = new werift.RTCPeerConnection({
    // The library would ask a public server: what is to be used is set on the connection itself.
    iceServers: [],
    certificates: [certificate],
    codecs: { audio: options.sound ? SOUND_CODECS_OFFERED() : [], video: videoCodecsFor(offer) },
    headerExtensions: {
      audio: [new werift.RTCRtpHeaderExtensionParameters({ uri: TRANSPORT_CC })],
      video: [new werift.RTCRtpHeaderExtensionParameters({ uri: TRANSPORT_CC })],
    },
    bundlePolicy: 'max-bundle',
    iceUseTcp: false,
    iceStunGatherTimeout: STUN_WAIT_S,
    ...(options.portRange ? { icePortRange: options.portRange } : {}),
    // werift passes over tunnels by their names; an address that was asked for is used wherever it lives.
    ...(options.interfaceAddresses ? { iceAdditionalHostAddresses: options.interfaceAddresses } : {}),
  })
  try {
    const fingerprint = certificate.getFingerprints()[0]?.value.toUpperCase() ?? ''
    const channel = pc.createDataChannel(CHANNEL_LABEL, { negotiated: true, id: CHANNEL_ID })
    await pc.setRemoteDescription({ type: 'offer', sdp: offer })
    const transport = prepareTransport(pc, options)
    const { sender, codec } = await prepareVideo(pc)
    const soundOf = await prepareSound(pc, sender)
    await pc.setLocalDescription(await pc.createAnswer())
    const answer = orderFor(offer, restrict(pc.localDescription?.sdp ?? '', options.interfaceAddresses))
    if (!answer.includes(fingerprint))
      throw new GuardError('fingerprint', 'the answer must carry our own certificate')
    return run({
      pc,
      channel,
      transport,
      sender,
      sound: soundOf(),
      codec,
      answer,
      fingerprint,
      seat: options.seat,
      signal: options.signal,
    })
  } catch (error) {
    await pc.close()
    throw error
  }
}

/** Passive DTLS, no STUN server but a configured one, credentials from the system's random source, early hellos kept. */
function prepareTransport(pc: RTCPeerConnection, options: PeerOptions): DtlsTransport {
  const [transport, ...others] = pc.dtlsTransports as unknown as DtlsTransport[]
  if (!transport || others.length > 0) throw new GuardError('shape', 'a bundled session has one transport')
  transport.role = 'server'
  // Whoever begins SCTP, the viewer's channel opens one round trip earlier when it is the camera.
  Object.defineProperty(pc.sctpTransport, 'isServer', { get: () => false })
  quicken((pc.sctpTransport as unknown as { sctp: Association }).sctp)
  const connection = iceOf(transport)
  const { allocation, stunServer } = options.relay?.() ?? {}
  connection.stunServer = stunServer
  if (allocation) attach(connection, allocation)
  // A browser that hides its addresses ends a list of which the lint has left nothing: its checks are still to come,
  // and werift would give up before the first.
  connection.remoteCandidatesEnd = false
  connection.localUsername = randomBytes(6).toString('hex')
  connection.localPassword = randomBytes(16).toString('hex')
  earlyHello(transport, connection)
  endAtNomination(connection)
  return transport
}

const iceOf = (transport: DtlsTransport): IceConnection =>
  (transport as unknown as { iceTransport: { connection: IceConnection } }).iceTransport.connection

async function prepareVideo(
  pc: RTCPeerConnection,
): Promise<{ sender: RTCRtpSender | undefined; codec: () => VideoCodec | undefined }> {
  const transceiver = pc.getTransceivers().find(each => each.kind === 'video')
  if (!transceiver) return { sender: undefined, codec: () => undefined }
  const { sender } = transceiver
  await sender.replaceTrack(new werift.MediaStreamTrack({ kind: 'video' }))
  transceiver.setDirection('sendonly')
  // Pictures and their repetitions are two streams of packets: where no stream of media is named (RFC 8830 §2), older
  // libwebrtc takes them for two tracks and refuses the answer.
  sender.streamIds = [STREAM]
  return { sender, codec: () => videoCodecOf(sender.codec?.mimeType ?? '') }
}

/** Keeps the candidates of the configured addresses only. */
function restrict(sdp: string, addresses: string[] | undefined): string {
  if (!addresses) return sdp
  const keep = (line: string): boolean =>
    !line.startsWith('a=candidate:') ||
    line.includes(' typ relay') ||
    addresses.includes(line.split(' ')[4] ?? '')
  return sdp.split('\r\n').filter(keep).join('\r\n')
}

type Parts = {
  pc: RTCPeerConnection
  channel: RTCDataChannel
  transport: DtlsTransport
  sender: RTCRtpSender | undefined
  sound: SoundOut | undefined
  codec: () => VideoCodec | undefined
  answer: string
  fingerprint: string
  seat: Seat | undefined
  signal: AbortSignal
}

function run(parts: Parts): CameraPeer {
  const { pc, channel, transport, sender } = parts
  const inbound = gateInbound(transport)
  const out = sender && createVideoOut(sender, transport, parts.sound, { seat: parts.seat })
  const opened = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<CloseReason>()
  opened.promise.catch(() => undefined)
  let isOpen = false
  let isClosed = false
  let lastSeen = performance.now()
  const inbox = createInbox()

  async function close(reason: CloseReason = 'local', error?: Error): Promise<void> {
    if (isClosed) return
    isClosed = true
    out?.close()
    clearInterval(watchdog)
    opened.reject(error ?? new PeerError(reason))
    ended.resolve(reason)
    // The last messages say why: they leave before the connection does.
    for (let i = 0; i < LAST_WORDS_MS / 10 && isOpen && channel.bufferedAmount > 0; i++) await delay(10)
    await pc.close()
  }
  if (pc.sctpTransport) gateSctp(transport, pc.sctpTransport, () => void close('peer_faulty'))
  const connection = iceOf(transport)
  connection.onData.subscribe(() => {
    lastSeen = performance.now()
  })
  const watchdog = setInterval(() => {
    if (isOpen && performance.now() - lastSeen > VIEWER_SILENT_MS) void close('peer_silent')
  }, 1000)
  const tryOpen = (): void => {
    if (isOpen || isClosed || channel.readyState !== 'open' || !transport.dtls || !hasProved(transport.dtls))
      return
    isOpen = true
    parts.seat?.settled()
    opened.resolve()
    inbox.open()
  }
  channel.stateChange.subscribe(state => {
    if (state === 'open') tryOpen()
    if (state === 'closed') void close('peer_closed')
  })
  channel.onMessage.subscribe(data => inbox.take(data))
  // Only channel 0 exists: one that the peer opens by itself ends the session.
  pc.onDataChannel.subscribe(() => void close('foreign_channel'))
  transport.onStateChange.subscribe(state => {
    if (state === 'closed') void close('peer_closed')
    if (state !== 'failed') return
    const fault = transport.dtls && faultOf(transport.dtls)
    void close(fault && UNPROVED.has(fault.code) ? 'possession_failed' : 'handshake_failed', fault)
  })
  pc.iceConnectionStateChange.subscribe(state => {
    if (state === 'failed') void close('ice_failed')
  })
  if (parts.signal.aborted) void close('aborted')
  parts.signal.addEventListener('abort', () => void close('aborted'), { once: true })

  return {
    answer: parts.answer,
    fingerprint: parts.fingerprint,
    video: parts.codec(),
    open: opened.promise,
    closed: ended.promise,
    send: text => {
      if (isOpen && !isClosed) channel.send(text)
    },
    onMessage: inbox.onMessage,
    sendVideo: frame => {
      if (isOpen && !isClosed) out?.picture(frame)
    },
    onKeyframeRequest: request => out?.onKeyframeRequest(request),
    bandwidth: () => out?.bandwidth() ?? 0,
    onBandwidth: changed => out?.onBandwidth(changed),
    setDemand: bps => out?.setDemand(bps),
    stats: () => out?.stats(),
    path: () => {
      const pair = connection.nominated
      if (!pair) return undefined
      if (pair.localCandidate.type === 'relay') return 'relay'
      return pair.remoteCandidate.type as 'host' | 'srflx' | 'prflx' | 'relay'
    },
    rtpSent: () => out?.packets() ?? 0,
    sound: out && parts.sound && createSoundSide(parts.sound, out, () => isOpen && !isClosed),
    inbound,
    close,
  }
}
