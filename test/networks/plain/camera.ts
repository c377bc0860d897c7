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
    frame: send,
    rate: () => undefined,
    behind: () => undefined,
    ended: code => {
      process.stderr.write(`the source ended: ${code}\n`)
      process.exit(1)
    },
  },
)

const socket = io(origin)
const connections = new Map<string, Connection>()
/** What a viewer says is taken in order: a candidate needs the offer that came before it. */
let taken = Promise.resolve()

async function answer(from: string, offer: Extract<Signal, { sdp: string }>): Promise<void> {
  await connections.get(from)?.close()
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
  connections.set(from, pc)
  const say = (data: Signal): void => void socket.emit('signal', { to: from, data })
  const { sender } = pc.addTransceiver(track, { direction: 'sendonly' })
  sender.onPictureLossIndication.subscribe(() => feed.requestKeyframe(ENCODING))
  pc.onIceCandidate.subscribe(candidate => {
    if (candidate) say({ type: 'candidate', candidate: candidate.toJSON() as never })
  })
  pc.connectionStateChange.subscribe(state => state === 'connected' && feed.requestKeyframe(ENCODING))
  await pc.setRemoteDescription(offer)
  await pc.setLocalDescription(await pc.createAnswer())
  say({ type: 'answer', sdp: pc.localDescription?.sdp ?? '' })
}

async function take({ from, data }: FromViewer): Promise<void> {
  if (data.type === 'offer') await answer(from, data)
  if (data.type === 'candidate') await connections.get(from)?.addIceCandidate(data.candidate)
}

const inOrder = (work: () => Promise<unknown>): void => {
  taken = taken.then(work).then(
    () => undefined,
    error => void process.stderr.write(`${error}\n`),
  )
}
socket.on('connect', () => socket.emit('camera'))
socket.on('signal', (message: FromViewer) => inOrder(() => take(message)))
socket.on('left', (from: string) =>
  inOrder(async () => {
    await connections.get(from)?.close()
    connections.delete(from)
  }),
)
process.stdin.on('end', () => process.exit(0)).resume()
