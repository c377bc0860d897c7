import { AsyncLocalStorage } from 'node:async_hooks'
import type { CameraPeer } from '@ownsight/camera-agent/rtc/peer'
import type { Peer } from '../../viewer/src/rtc/peer.ts'
import { description } from '../unit/protocol/sdp.ts'
import { as, type Device } from './virtual-time.ts'

/**
 * DTLS without packets: an end is a certificate's fingerprint and whether one holds its key. A handshake comes about
 * when each end holds what the other one's description names. Stands in for camera-agent/src/rtc/peer.ts.
 */

/** The camera's end of one accepted offer. */
export type CameraEnd = {
  readonly camId: string
  readonly fingerprint: string
  /** the fingerprint in the viewer's description */
  readonly wanted: string
  /** the offer it was made for */
  readonly offer: string
  readonly device: Device
  state: 'waiting' | 'open' | 'closed'
  /** what the camera said on the channel, `confirmed` among it */
  readonly said: Record<string, unknown>[]
  frames: number
  far: Far | undefined
  hear(text: string): void
  close(): void
}

/** A browser's end of one attempt. */
export type ViewerEnd = {
  readonly device: Device
  readonly fingerprint: string
  /** the fingerprint in the answer, once it is applied */
  wanted: string | undefined
  state: 'waiting' | 'open' | 'closed'
  far: CameraEnd | Insider | undefined
  hear(text: string): void
  close(): void
}

/** An attacker's end: certificates of its own, and whatever it was told. */
export type Insider = { readonly fingerprints: ReadonlySet<string>; readonly heard: string[] }
export type Far = { viewer: ViewerEnd } | { insider: Insider }

type Accepting = { camId: string; offer: string; device: Device }

const accepting = new AsyncLocalStorage<Accepting>()
/** Runs the camera's handling of one offer, so that the end it makes is known for whom it was made. */
export const handling = <T>(accept: Accepting, work: () => T): T => accepting.run(accept, work)

export const cameraEnds: CameraEnd[] = []
export const viewerEnds: ViewerEnd[] = []
let certificates = 0

export function resetTransport(): void {
  cameraEnds.length = 0
  viewerEnds.length = 0
  certificates = 0
}

/** A new certificate: nobody but its maker holds the key. */
export function newFingerprint(): string {
  const number = (++certificates).toString(16).toUpperCase().padStart(8, '0')
  return `${'5A:'.repeat(28)}${number.match(/../g)?.join(':')}`
}

const named = (sdp: string): string => /a=fingerprint:sha-256 (\S+)/.exec(sdp)?.[1] ?? ''

/** The camera's door to WebRTC. */
export async function acceptOffer(sdp: string): Promise<CameraPeer> {
  const context = accepting.getStore()
  if (!context) throw new Error('an offer was accepted that nobody delivered')
  const opened = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  let handler: (text: string) => void = () => undefined
  const end: CameraEnd = {
    camId: context.camId,
    offer: context.offer,
    device: context.device,
    fingerprint: newFingerprint(),
    wanted: named(sdp),
    state: 'waiting',
    said: [],
    frames: 0,
    far: undefined,
    hear: text => as(context.device, () => handler(text)),
    close() {
      if (end.state === 'closed') return
      end.state = 'closed'
      ended.resolve('local')
    },
  }
  cameraEnds.push(end)
  opening.set(end, opened.resolve)
  const peer = {
    answer: description('answer', { fingerprint: end.fingerprint }),
    fingerprint: end.fingerprint,
    video: 'vp8',
    open: opened.promise,
    closed: ended.promise,
    onMessage: (next: (text: string) => void) => {
      handler = next
    },
    send: (text: string) => say(end, text),
    sendVideo: () => {
      if (end.state !== 'closed') end.frames++
    },
    onKeyframeRequest: () => undefined,
    onBandwidth: () => undefined,
    path: () => 'host',
    rtpSent: () => end.frames,
    inbound: { allow: () => undefined },
    close: async () => end.close(),
  }
  return peer as unknown as CameraPeer
}

const opening = new WeakMap<CameraEnd | ViewerEnd, () => void>()

function say(end: CameraEnd, text: string): void {
  if (end.state === 'closed') return
  end.said.push(JSON.parse(text))
  if (!end.far || end.state !== 'open') return
  if ('insider' in end.far) end.far.insider.heard.push(text)
  else {
    const { viewer } = end.far
    queueMicrotask(() => viewer.state === 'open' && viewer.hear(text))
  }
}

/** The viewer's door to WebRTC. */
export function createViewerPeer(device: Device, signal: AbortSignal): { peer: Peer; end: ViewerEnd } {
  const opened = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  let handler: (text: string) => void = () => undefined
  const end: ViewerEnd = {
    device,
    fingerprint: newFingerprint(),
    wanted: undefined,
    state: 'waiting',
    far: undefined,
    hear: text => as(device, () => handler(text)),
    close() {
      if (end.state === 'closed') return
      end.state = 'closed'
      closed.resolve()
      // DTLS tells the other end.
      if (end.far && 'camId' in end.far) end.far.close()
    },
  }
  viewerEnds.push(end)
  opening.set(end, opened.resolve)
  signal.addEventListener('abort', () => end.close(), { once: true })
  const peer: Peer = {
    offer: description('offer', { fingerprint: end.fingerprint }),
    accept(answer) {
      end.wanted ??= named(answer)
    },
    open: opened.promise,
    stream: opened.promise.then(() => end as unknown as MediaStream),
    closed: closed.promise,
    remoteFingerprint: async () => end.wanted,
    send(text) {
      if (end.state !== 'open' || !end.far) return
      if ('heard' in end.far) end.far.heard.push(text)
      else end.far.hear(text)
    },
    onMessage: next => {
      handler = next
    },
    stats: async () => new Map() as unknown as RTCStatsReport,
    close: () => end.close(),
  }
  return { peer, end }
}

/** The viewer's door to WebRTC has this name; the model hands its peers in. */
export const createPeer = (): never => {
  throw new Error('the model makes the peers')
}

const viewerHolds = (end: ViewerEnd, fingerprint: string): boolean => end.fingerprint === fingerprint
const insiderHolds = (insider: Insider, fingerprint: string): boolean => insider.fingerprints.has(fingerprint)

/** A handshake at the camera. The guard's proof is the first condition: the far end holds the key that was named. */
export function connectToCamera(camera: CameraEnd, far: Far): boolean {
  if (camera.state !== 'waiting' || camera.device.dead) return false
  const holds =
    'viewer' in far ? viewerHolds(far.viewer, camera.wanted) : insiderHolds(far.insider, camera.wanted)
  if (!holds) return false
  if ('viewer' in far) {
    if (far.viewer.state !== 'waiting' || far.viewer.wanted !== camera.fingerprint) return false
    open(far.viewer, camera)
  }
  camera.far = far
  camera.state = 'open'
  opening.get(camera)?.()
  return true
}

/** A handshake of a browser with an attacker in the camera's place. */
export function connectToInsider(viewer: ViewerEnd, insider: Insider): boolean {
  if (viewer.state !== 'waiting' || viewer.wanted === undefined) return false
  if (!insider.fingerprints.has(viewer.wanted)) return false
  open(viewer, insider)
  return true
}

function open(viewer: ViewerEnd, far: CameraEnd | Insider): void {
  viewer.far = far
  viewer.state = 'open'
  opening.get(viewer)?.()
}
