import { createRequire } from 'node:module'
import { packetizeH264 } from '@ownsight/camera-agent/media/h264-payload'
import { openSource } from '@ownsight/camera-agent/media/source'
import { parseSource } from '@ownsight/camera-agent/media/source-config'
import { io } from 'socket.io-client'
import type { FromViewer, IceServer, Signal } from './messages.ts'

/**
 * A camera as werift's examples make one, and no more: it answers whoever asks, and sends H.264 at one rate. The bytes
 * are those of the product's own test pattern. No guard, no policy, no deadline, no bandwidth estimation.
 */
const { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, RtpHeader, RtpPacket } = createRequire(
  import.meta.url,
)('werift') as typeof import('werift')
type Connection = InstanceType<typeof RTCPeerConnection>

const BPS = 800_000
const ENCODING = { codec: 'h264', tier: 'source' } as const
const [origin = '', source = '{}', servers = '[]'] = process.argv.slice(2)
const iceServers = JSON.parse(servers) as IceServer[]
const track = new MediaStreamTrack({ kind: 'video' })
let sequenceNumber = 0

function send({ ticks, data }: { ticks: number; data: Buffer }): void {
  const payloads = packetizeH264(data)
  payloads.forEach((payload, i) => {
    sequenceNumber = (sequenceNumber + 1) & 0xffff
    const marker = i === payloads.length - 1
    const timestamp = ticks % 2 ** 32
    track.writeRtp(
      new RtpPacket(new RtpHeader({ sequenceNumber, timestamp, marker, payloadType: 96 }), payload),
    )
  })
}

const feed = openSource(
  parseSource(JSON.parse(source), 'source'),
  { cameraName: 'Plain', camId: 'plain' },
  [{ ...ENCODING, bps: BPS }],
  {
    opened: () => process.stdout.write('ready\n'),
    waiting: () => undefined,
    frame: send,
    rate: () => undefined,
    size: () => undefined,
    encoder: () => undefined,
    behind: () => undefined,
    ended: code => {
      process.stderr.write(`the source ended: ${code}\n`)
      process.exit(1)
    },
  },
)

const socket = io(origin)
/** Each viewer's connection, from the moment at which it has the offer and may be told of candidates. */
const connections = new Map<string, Promise<Connection>>()

function answer(from: string, offer: Extract<Signal, { sdp: string }>): void {
  leave(from)
  const pc = new RTCPeerConnection({
    iceServers,
    codecs: {
      video: [
        new RTCRtpCodecParameters({
          mimeType: 'video/H264',
          clockRate: 90_000,
          rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
          parameters: 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1',
        }),
      ],
    },
  })
  const say = (data: Signal): void => void socket.emit('signal', { to: from, data })
  const { sender } = pc.addTransceiver(track, { direction: 'sendonly' })
  sender.onPictureLossIndication.subscribe(() => feed.requestKeyframe(ENCODING))
  pc.onIceCandidate.subscribe(candidate => {
    if (candidate) say({ type: 'candidate', candidate: candidate.toJSON() as never })
  })
  pc.connectionStateChange.subscribe(state => state === 'connected' && feed.requestKeyframe(ENCODING))
  const described = pc.setRemoteDescription(offer).then(() => pc)
  connections.set(from, described)
  described
    .then(async () => {
      await pc.setLocalDescription(await pc.createAnswer())
      say({ type: 'answer', sdp: pc.localDescription?.sdp ?? '' })
    })
    .catch(complain)
}

/** No candidate waits for another: those of Chromium have names (mDNS), which take seconds to be looked up in vain. */
function take({ from, data }: FromViewer): void {
  if (data.type === 'offer') answer(from, data)
  if (data.type === 'candidate')
    void connections
      .get(from)
      ?.then(pc => pc.addIceCandidate(data.candidate))
      .catch(complain)
}

function leave(from: string): void {
  void connections
    .get(from)
    ?.then(pc => pc.close())
    .catch(complain)
  connections.delete(from)
}

const complain = (error: unknown): void => void process.stderr.write(`${error}\n`)

socket.on('connect', () => socket.emit('camera'))
socket.on('signal', take)
socket.on('left', leave)
process.stdin.on('end', () => process.exit(0)).resume()
