import { CHANNEL_ID, CHANNEL_LABEL } from '@ownsight/protocol/channel'
import { CHANNEL_MESSAGE_MAX_BYTES } from '@ownsight/protocol/limits'
import SimplePeer from 'simple-peer/simplepeer.min.js'
import { remoteFingerprint } from './stats.ts'

/** The only door to WebRTC. One peer per attempt; one offer out, one verified answer in, nothing else. */
export type Peer = {
  readonly offer: string
  /** Applies the verified, linted answer. Once. */
  accept(answer: string): void
  /** The channel is open: DTLS has proved the camera's certificate. */
  readonly open: Promise<void>
  readonly stream: Promise<MediaStream>
  readonly closed: Promise<void>
  /** SHA-256 of the certificate DTLS really saw, where the browser tells */
  remoteFingerprint(): Promise<string | undefined>
  send(text: string): void
  onMessage(handler: (text: string) => void): void
  stats(): Promise<RTCStatsReport>
  close(): void
}

/**
 * From the first candidate to the offer, ms. No server is asked, so own addresses come at once; Chromium calls gathering
 * complete 120 ms later. What is missed is found as peer-reflexive (RFC 8445 §7.3.1.3).
 */
const HOST_GATHER_MS = 30

type Instance = InstanceType<typeof SimplePeer> & { _pc: RTCPeerConnection }

export async function createPeer(signal: AbortSignal): Promise<Peer> {
  const peer = new SimplePeer({
    initiator: true,
    trickle: false,
    // The library's own default would ask third parties' STUN servers.
    config: { iceServers: [] },
    channelName: CHANNEL_LABEL,
    channelConfig: { negotiated: true, id: CHANNEL_ID },
    iceCompleteTimeout: HOST_GATHER_MS,
  } as SimplePeer.Options) as Instance
  peer.addTransceiver('video', { direction: 'recvonly' } as never)

  const offer = Promise.withResolvers<string>()
  const open = Promise.withResolvers<void>()
  const stream = Promise.withResolvers<MediaStream>()
  const closed = Promise.withResolvers<void>()
  for (const { promise } of [offer, open, stream]) promise.catch(() => undefined)
  let handler: (text: string) => void = () => undefined
  let accepted = false
  const decoder = new TextDecoder()

  peer.on('signal', data => {
    if (data.type === 'offer' && data.sdp) offer.resolve(data.sdp)
  })
  peer.on('connect', () => open.resolve())
  peer.on('track', (track: MediaStreamTrack) => stream.resolve(new MediaStream([track])))
  peer.on('data', (chunk: Uint8Array) => {
    if (chunk.length <= CHANNEL_MESSAGE_MAX_BYTES) handler(decoder.decode(chunk))
  })
  const end = () => {
    const error = new Error('the connection ended')
    for (const { reject } of [offer, open, stream]) reject(error)
    closed.resolve()
  }
  peer.on('close', end)
  peer.on('error', end)
  signal.addEventListener('abort', () => peer.destroy(), { once: true })
  if (signal.aborted) peer.destroy()

  return {
    offer: await offer.promise,
    accept(sdp) {
      if (accepted) throw new Error('an attempt takes one answer')
      accepted = true
      peer.signal({ type: 'answer', sdp })
    },
    open: open.promise,
    stream: stream.promise,
    closed: closed.promise,
    remoteFingerprint: () => remoteFingerprint(peer._pc),
    send: text => {
      if (peer.connected) peer.send(text)
    },
    onMessage: next => {
      handler = next
    },
    stats: () => peer._pc.getStats(),
    close: () => peer.destroy(),
  }
}
