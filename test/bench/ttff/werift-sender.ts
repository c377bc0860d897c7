import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { NAL_IDR, nalType, splitAnnexB } from '@ownsight/camera-agent/media/h264'
import { packetizeH264 } from '@ownsight/camera-agent/media/h264-payload'

/**
 * An answerer as werift's examples make one: stock, no guard, no identity. It loops one clip for whoever asks.
 * Arguments: the clip (Annex B), pictures per second, the page, `cache` to begin with what came since the last key frame.
 */
const { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, RtpHeader, RtpPacket } = createRequire(
  import.meta.url,
)('werift') as typeof import('werift')
type Connection = InstanceType<typeof RTCPeerConnection>
type Frame = { payloads: Buffer[]; key: boolean }
type Viewer = { pc: Connection; write(frame: Frame, timestamp: number): void }

const [path = '', fps = '25', pagePath = '', mode = ''] = process.argv.slice(2)
const CLOCK = 90_000
const STEP = CLOCK / Number(fps)
/** Pictures of the cache follow each other by 1 ms: the viewer is not to watch a second behind. */
const BURST_STEP = 90

const frames = splitAccessUnits(readFileSync(path)).map(unit => ({
  payloads: packetizeH264(unit),
  key: splitAnnexB(unit).some(each => nalType(each) === NAL_IDR),
}))
const page = readFileSync(pagePath)
let viewer: Viewer | undefined
let group: Frame[] = []
let count = 0
const begun = performance.now()

/** Each access unit begins with a delimiter (H.264 §7.4.1.2.3). */
function splitAccessUnits(stream: Buffer): Buffer[] {
  const delimiter = Buffer.from([0, 0, 0, 1, 9])
  const starts: number[] = []
  for (let at = stream.indexOf(delimiter); at >= 0; at = stream.indexOf(delimiter, at + 1)) starts.push(at)
  return starts.map((start, i) => stream.subarray(start, starts[i + 1]))
}

function next(): void {
  const frame = frames[count % frames.length] as Frame
  if (frame.key) group = []
  group.push(frame)
  viewer?.write(frame, count * STEP)
  count++
  setTimeout(next, begun + (count * 1000) / Number(fps) - performance.now())
}

function connect(offer: string): Promise<string> {
  viewer = undefined
  const pc = new RTCPeerConnection({
    iceServers: [],
    codecs: {
      video: [
        new RTCRtpCodecParameters({
          mimeType: 'video/H264',
          clockRate: CLOCK,
          rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
          parameters: 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1',
        }),
      ],
    },
  })
  const track = new MediaStreamTrack({ kind: 'video' })
  let sequenceNumber = 0
  const write = ({ payloads }: Frame, timestamp: number): void => {
    payloads.forEach((payload, i) => {
      sequenceNumber = (sequenceNumber + 1) & 0xffff
      const marker = i === payloads.length - 1
      const header = new RtpHeader({
        sequenceNumber,
        timestamp: timestamp % 2 ** 32,
        marker,
        payloadType: 96,
      })
      track.writeRtp(new RtpPacket(header, payload))
    })
  }
  pc.addTransceiver(track, { direction: 'sendonly' })
  pc.connectionStateChange.subscribe(state => {
    if (state !== 'connected') return
    if (mode === 'cache')
      group.forEach((frame, i) => {
        write(frame, CLOCK + (count - 1) * STEP - (group.length - 1 - i) * BURST_STEP)
      })
    viewer = { pc, write: (frame, timestamp) => write(frame, CLOCK + timestamp) }
  })
  return answer(pc, offer)
}

async function answer(pc: Connection, offer: string): Promise<string> {
  await pc.setRemoteDescription({ type: 'offer', sdp: offer })
  // It would ask a public server, wait five seconds for it, and tell it of us. That is not what is compared.
  for (const { iceTransport } of pc.dtlsTransports)
    (iceTransport.connection as unknown as { stunServer?: unknown }).stunServer = undefined
  await pc.setLocalDescription(await pc.createAnswer())
  return pc.localDescription?.sdp ?? ''
}

async function reply({ method, url }: IncomingMessage, body: string): Promise<string | Buffer> {
  if (method !== 'POST') return page
  await viewer?.pc.close()
  viewer = undefined
  return url === '/offer' ? connect(body) : ''
}

const server = createServer((request, response) => {
  text(request)
    .then(body => reply(request, body))
    .then(
      said => response.end(said),
      error => response.writeHead(500).end(String(error)),
    )
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready http://localhost:${(server.address() as AddressInfo).port}/\n`)
})
next()
process.stdin.on('end', () => process.exit(0)).resume()
