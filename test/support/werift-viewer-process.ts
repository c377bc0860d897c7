import { createRequire } from 'node:module'
import type { FromPeer, ToPeer } from './peers/peer-process.ts'

/**
 * A viewer without a browser, in a process of its own: werift unguarded, as the DTLS client. It does not check its
 * peer, so that it is of use to tests only. Talks by IPC with `werift-viewer.ts`.
 */
const {
  PictureLossIndication,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtcpPayloadSpecificFeedback,
  RtpHeader,
} = createRequire(import.meta.url)('werift') as typeof import('werift')

/** Its first word that SCTP's cookie has come (RFC 9260 §3.3.12) is lost on the way; what follows is not. */
function loseCookieAck(): void {
  const COOKIE_ACK = 11
  const { sctp } = pc.sctpTransport as unknown as {
    sctp: { sendChunk(chunk: { type: number }): Promise<void> }
  }
  const send = sctp.sendChunk.bind(sctp)
  let lost = 0
  sctp.sendChunk = async chunk => {
    if (chunk.type !== COOKIE_ACK || lost++ > 0) await send(chunk)
  }
}

const tell = (message: FromPeer): void => void process.send?.(message)
const codec = (mimeType: string, parameters?: string) =>
  new RTCRtpCodecParameters({
    mimeType,
    clockRate: 90_000,
    ...(parameters ? { parameters } : {}),
    rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
  })

const pc = new RTCPeerConnection({
  iceServers: [],
  bundlePolicy: 'max-bundle',
  codecs: {
    audio: process.argv.some(argument => ['talk', 'listen'].includes(argument))
      ? [new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2 })]
      : [],
    video: [
      codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'),
      codec('video/VP8'),
    ],
  },
})
let ssrc = 0
let count = 0
const transceiver = pc.addTransceiver('video', { direction: 'recvonly' })
if (process.argv.includes('talk')) pc.addTransceiver('audio', { direction: 'sendrecv' })
if (process.argv.includes('listen')) pc.addTransceiver('audio', { direction: 'recvonly' })
const channel = pc.createDataChannel('os1', { negotiated: true, id: 0 })
// The camera begins SCTP. Browsers settle the collision (RFC 9260 §5.2.1); werift has to be told to wait.
Object.defineProperty(pc.sctpTransport, 'isServer', { get: () => true })
if (process.argv.includes('lose-cookie-ack')) loseCookieAck()
pc.connectionStateChange.subscribe(state => tell({ is: 'state', state }))
channel.stateChange.subscribe(state => {
  if (state === 'open') tell({ is: 'open' })
})
channel.onMessage.subscribe(data => tell({ is: 'message', text: data.toString() }))
pc.onTrack.subscribe(track =>
  track.onReceiveRtp.subscribe(({ header }) => {
    if (track.kind === 'video') ssrc = header.ssrc
    tell({
      is: 'rtp',
      count: ++count,
      last: {
        timestamp: header.timestamp,
        ssrc: header.ssrc,
        marker: header.marker,
        kind: track.kind,
      },
    })
  }),
)

async function sendPli(): Promise<void> {
  const feedback = new PictureLossIndication({ senderSsrc: 1, mediaSsrc: ssrc })
  await transceiver.receiver.dtlsTransport.sendRtcp([new RtcpPayloadSpecificFeedback({ feedback })])
}

let sequence = 0
/** On the transport itself: whether the camera agreed to audio is not asked. */
async function sendRtp(packets: number): Promise<void> {
  for (let i = 0; i < packets; i++) {
    sequence++
    const header = new RtpHeader({
      version: 2,
      payloadType: 111,
      sequenceNumber: sequence,
      timestamp: sequence * 960,
      ssrc: 0x7a1c,
      payloadOffset: 12,
    })
    await transceiver.receiver.dtlsTransport.sendRtp(Buffer.alloc(80, 1), header)
  }
}

process.on('message', (message: ToPeer) => {
  if (message.do === 'accept') void pc.setRemoteDescription({ type: 'answer', sdp: message.answer })
  if (message.do === 'send') channel.send(message.text)
  if (message.do === 'openChannel') pc.createDataChannel(message.label)
  if (message.do === 'keyframe') void sendPli()
  if (message.do === 'rtp') void sendRtp(message.packets)
  if (message.do === 'close') void pc.close().then(() => process.disconnect?.())
})
process.on('disconnect', () => process.exit(0))

// Unguarded werift asks a public STUN server when it is given none.
for (const transport of pc.iceTransports)
  Object.assign(transport.connection as object, { stunServer: undefined })
await pc.setLocalDescription(await pc.createOffer())
tell({ is: 'offer', sdp: pc.localDescription?.sdp ?? '' })
