import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Association, quicken } from '@ownsight/camera-agent/rtc/sctp-timers'
import type { Peer } from '../../../viewer/src/rtc/peer.ts'

const { RTCPeerConnection, RTCRtpCodecParameters } = createRequire(import.meta.url)(
  'werift',
) as typeof import('werift')

export type Packet = { payload: Buffer; sequence: number; timestamp: number; marker: boolean }

const codec = (mimeType: string, parameters?: string) =>
  new RTCRtpCodecParameters({
    mimeType,
    clockRate: 90_000,
    ...(parameters ? { parameters } : {}),
    rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
  })

/**
 * On a bad line outside: a STUN server, how long its answer is waited for (ms), SCTP as quick as a browser's, and as a
 * browser does it asks for a key frame while packets come and there is no picture.
 */
export type Outside = { stun: string; patience: number; hasPicture: () => boolean }
/** Other than pictures in H.264 or VP8 as the camera chooses, and no sound. */
export type Wanted = {
  video?: readonly ('h264' | 'vp8')[]
  sound?: 'opus' | 'pcmu'
  onSound?: (packet: Packet) => void
}
const VIDEO = { h264: 'video/H264', vp8: 'video/VP8' }
const SOUND = {
  opus: { mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
  pcmu: { mimeType: 'audio/PCMU', clockRate: 8000, channels: 1, payloadType: 0 },
}
/** libwebrtc waits 200 ms for a key frame before it asks for one. */
const ASK_MS = 200

/**
 * What `viewer/src/rtc/peer.ts` is in a browser: here werift, in this process. It tells every RTP packet it decrypted.
 * @param outside no server is asked without it
 */
export async function createHeadlessPeer(
  signal: AbortSignal,
  onPacket: (packet: Packet) => void,
  outside?: Outside,
  wanted: Wanted = {},
): Promise<Peer> {
  const names = (wanted.video ?? (['h264', 'vp8'] as const)).map(each => VIDEO[each])
  const video = [
    codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'),
    codec('video/VP8'),
  ].filter(({ mimeType }) => names.includes(mimeType))
  const audio = wanted.sound ? [new RTCRtpCodecParameters(SOUND[wanted.sound])] : []
  const pc = new RTCPeerConnection({
    iceServers: outside ? [{ urls: outside.stun }] : [],
    bundlePolicy: 'max-bundle',
    codecs: { audio, video },
  })
  const { receiver } = pc.addTransceiver('video', { direction: 'recvonly' })
  if (wanted.sound) pc.addTransceiver('audio', { direction: 'recvonly' })
  let ssrc: number | undefined
  const channel = pc.createDataChannel('os1', { negotiated: true, id: 0 })
  // The camera begins SCTP. Browsers settle the collision (RFC 9260 §5.2.1); werift has to be told to wait.
  Object.defineProperty(pc.sctpTransport, 'isServer', { get: () => true })
  const open = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  const close = () => {
    clearInterval(asking)
    closed.resolve()
    void pc.close().catch(() => undefined)
  }
  channel.stateChange.subscribe(state => state === 'open' && open.resolve())
  pc.connectionStateChange.subscribe(state => (state === 'closed' || state === 'failed') && closed.resolve())
  const early: string[] = []
  let handler: ((text: string) => void) | undefined
  channel.onMessage.subscribe(data => (handler ? handler(data.toString()) : early.push(data.toString())))
  pc.onTrack.subscribe(track =>
    track.onReceiveRtp.subscribe(({ header, payload }) => {
      const { sequenceNumber: sequence, timestamp, marker } = header
      if (track.kind === 'audio') return wanted.onSound?.({ payload, sequence, timestamp, marker })
      ssrc = header.ssrc
      onPacket({ payload, sequence, timestamp, marker })
    }),
  )
  const asking = setInterval(() => {
    if (!outside || outside.hasPicture()) clearInterval(asking)
    else if (ssrc !== undefined) void receiver.sendRtcpPLI(ssrc).catch(() => undefined)
  }, ASK_MS)
  signal.addEventListener('abort', close, { once: true })
  // Unguarded werift asks a public STUN server when it is given none.
  if (!outside)
    for (const transport of pc.iceTransports)
      Object.assign(transport.connection as object, { stunServer: undefined })
  else quicken((pc.sctpTransport as unknown as { sctp: Association }).sctp)
  const gathered = pc.setLocalDescription(await pc.createOffer())
  await (outside ? Promise.race([gathered, sleep(outside.patience)]) : gathered)
  return {
    offer: pc.localDescription?.sdp ?? '',
    accept: (sdp: string) => void pc.setRemoteDescription({ type: 'answer', sdp }).catch(close),
    open: open.promise,
    stream: Promise.resolve({ id: 'headless' } as unknown as MediaStream),
    closed: closed.promise,
    remoteFingerprint: async () => undefined,
    send: (text: string) => channel.send(text),
    onMessage(next: (text: string) => void) {
      handler = next
      for (const text of early.splice(0)) next(text)
    },
    stats: async () =>
      new Map(outside ? [['ice', { type: 'transport', iceState: pc.iceConnectionState }]] : []) as never,
    close,
  } as unknown as Peer
}
