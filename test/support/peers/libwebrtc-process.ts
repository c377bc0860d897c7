import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { readMark } from '../mark-reader.ts'
import type { FromPeer, Received, ToPeer } from './peer-process.ts'

/**
 * libwebrtc without a browser (@roamhq/wrtc), under the viewer's own `rtc/peer.ts`: what that file asks a browser for is
 * given it here. Talks to `peer-process.ts`.
 */
type I420 = { width: number; height: number; data: Uint8ClampedArray }
type Sink = { onframe: ((event: { frame: I420 }) => void) | null }
type Wrtc = {
  [name: string]: unknown
  nonstandard: {
    RTCVideoSink: new (track: MediaStreamTrack) => Sink
    i420ToRgba(from: I420, to: I420): void
  }
}
const wrtc = createRequire(import.meta.url)('@roamhq/wrtc') as Wrtc
for (const name of [
  'MediaStream',
  'RTCIceCandidate',
  'RTCPeerConnection',
  'RTCRtpReceiver',
  'RTCSessionDescription',
])
  Object.assign(globalThis, { [name]: wrtc[name] })
const { createPeer } = await import('../../../viewer/src/rtc/peer.ts')

const tell = (message: FromPeer): void => void process.send?.(message)
const COUNT_EVERY_MS = 100

type Entry = { [name: string]: unknown }
const peer = await createPeer(new AbortController().signal)
const entries = async (): Promise<Entry[]> => [...(await peer.stats()).values()] as Entry[]
const fingerprintOf = (all: Entry[], id: unknown): string | undefined =>
  all.find(each => each.type === 'certificate' && (id === undefined || each.id === id))?.fingerprint as
    | string
    | undefined
const received: Received = { packets: 0, frames: 0 }

/** Of the certificate DTLS has seen: what the library tells is up to 50 ms old. */
async function sawCertificate(): Promise<string | undefined> {
  for (; ; await delay(COUNT_EVERY_MS)) {
    const all = await entries()
    const transport = all.find(each => each.type === 'transport' && each.remoteCertificateId)
    if (transport) return fingerprintOf(all, transport.remoteCertificateId)
  }
}

async function count(): Promise<void> {
  while (!isClosed) {
    await delay(COUNT_EVERY_MS)
    const video = (await entries()).find(each => each.type === 'inbound-rtp' && each.kind === 'video')
    received.packets = Number(video?.packetsReceived ?? 0)
    tell({ is: 'received', ...received })
  }
}

async function watchTrack(): Promise<void> {
  const [track] = (await peer.stream).getVideoTracks()
  if (!track) return
  const sink = new wrtc.nonstandard.RTCVideoSink(track)
  sink.onframe = ({ frame }) => {
    const { width, height } = frame
    received.frames++
    const rgba = { width, height, data: new Uint8ClampedArray(width * height * 4) }
    wrtc.nonstandard.i420ToRgba(frame, rgba)
    const mark = readMark(rgba.data, width, height)
    if (mark) received.camera = mark.camera
  }
}
async function watchChannel(): Promise<void> {
  await peer.open
  tell({ is: 'open', ...optional('seen', await sawCertificate()) })
}

let isClosed = false
// Whatever ends the connection ends these too, and is told as its state.
for (const work of [watchTrack, watchChannel, count]) work().catch(() => undefined)
void peer.closed.then(() => {
  isClosed = true
  tell({ is: 'state', state: 'closed' })
})
peer.onMessage(text => tell({ is: 'message', text }))
process.on('message', (message: ToPeer) => {
  if (message.do === 'accept') peer.accept(message.answer)
  if (message.do === 'send') peer.send(message.text)
  if (message.do === 'close' && process.connected) process.disconnect?.()
})
// The library keeps threads that its own end may hang on.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

function optional<K extends string, V>(name: K, value: V | undefined): { [name in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [name in K]?: V })
}

// Before there is a peer its own certificate is the only one it knows.
tell({ is: 'offer', sdp: peer.offer, ...optional('own', fingerprintOf(await entries(), undefined)) })
