import { CHANNEL_ID, CHANNEL_LABEL } from '@ownsight/protocol/channel'
import { CHANNEL_MESSAGE_MAX_BYTES } from '@ownsight/protocol/limits'
import SimplePeer from 'simple-peer/simplepeer.min.js'
import { preferKnownCodecs } from './codecs.ts'
import { gather, NO_SERVERS, type Servers } from './gather.ts'

import { remoteFingerprint } from './stats.ts'

/** The only door to WebRTC. One peer per attempt; one offer out, one verified answer in, nothing else. */
export type Peer = {
  readonly offer: string
  /** Applies the verified, linted answer. Once. */
  accept(answer: string): void
  /** The channel is open: DTLS has proved the camera's certificate. */
  readonly open: Promise<void>
  /** The pictures; sound joins them in the same stream, where the camera agreed to it. */
  readonly stream: Promise<MediaStream>
  readonly closed: Promise<void>
  /** SHA-256 of the certificate DTLS really saw, where the browser tells */
  remoteFingerprint(): Promise<string | undefined>
  send(text: string): void
  onMessage(handler: (text: string) => void): void
  stats(): Promise<RTCStatsReport>
  close(): void
}

type Instance = InstanceType<typeof SimplePeer> & { _pc: RTCPeerConnection; _channel: RTCDataChannel | null }

/** @param onGathered told whether a server has answered */
export async function createPeer(
  signal: AbortSignal,
  servers: Servers = NO_SERVERS,
  onGathered: (answered: boolean) => void = () => undefined,
): Promise<Peer> {
  const peer = new SimplePeer({
    initiator: true,
    // The offer is taken whole once there is enough in it: nothing is ever trickled.
    trickle: true,
    // The library's own default would ask third parties' STUN servers.
    config: { iceServers: servers.iceServers, iceTransportPolicy: servers.relayOnly ? 'relay' : 'all' },
    channelName: CHANNEL_LABEL,
    channelConfig: { negotiated: true, id: CHANNEL_ID },
  } as SimplePeer.Options) as Instance
  peer.addTransceiver('video', { direction: 'recvonly' } as never)
  peer.addTransceiver('audio', { direction: 'recvonly' } as never)
  preferKnownCodecs(peer._pc)

  const offer = Promise.withResolvers<string>()
  const open = Promise.withResolvers<void>()
  const stream = Promise.withResolvers<MediaStream>()
  const closed = Promise.withResolvers<void>()
  for (const { promise } of [offer, open, stream]) promise.catch(() => undefined)
  let handler: (text: string) => void = () => undefined
  let accepted = false
  const decoder = new TextDecoder()

  peer.on('signal', data => {
    if (data.type === 'offer') void gather(peer._pc, servers).then(gathered)
  })
  const gathered = (answered: boolean): void => {
    onGathered(answered)
    offer.resolve(peer._pc?.localDescription?.sdp ?? '')
  }
  // The library says `connect` once it has found the addresses in the browser's statistics: nobody here needs those.
  peer._channel?.addEventListener('open', () => open.resolve())
  const tracks = new MediaStream()
  peer.on('track', (track: MediaStreamTrack) => {
    tracks.addTrack(track)
    if (track.kind === 'video') stream.resolve(tracks)
  })
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
      if (peer._channel?.readyState === 'open') peer._channel.send(text)
    },
    onMessage: next => {
      handler = next
    },
    stats: () => peer._pc.getStats(),
    close: () => peer.destroy(),
  }
}
