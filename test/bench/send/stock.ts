import { createRequire } from 'node:module'
import { packetizeH264 } from '@ownsight/camera-agent/media/h264-payload'
import { TRANSPORT_CC } from '@ownsight/camera-agent/rtc/send/transport-cc'
import { playClip } from './play.ts'
import { runSender } from './sender-side.ts'

/** werift as it comes: one track for all viewers, its own numbering, repetition, bandwidth estimate and SRTP. */
const {
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RTCRtpHeaderExtensionParameters,
  RtpHeader,
  RtpPacket,
} = createRequire(import.meta.url)('werift') as typeof import('werift')

const PAYLOAD_TYPE = 96
const track = new MediaStreamTrack({ kind: 'video' })
const viewers = new Map<number, InstanceType<typeof RTCPeerConnection>>()

const feedback = ['nack', 'nack pli', 'ccm fir', 'transport-cc'].map(each => {
  const [type = '', parameter] = each.split(' ')
  return { type, ...(parameter ? { parameter } : {}) }
})
const codec = (mimeType: string, parameters?: string) =>
  new RTCRtpCodecParameters({
    mimeType,
    clockRate: 90_000,
    rtcpFeedback: mimeType === 'video/rtx' ? [] : feedback,
    ...(parameters ? { parameters } : {}),
  })

async function accept(id: number, sdp: string, ready: () => void): Promise<{ sdp: string }> {
  const pc = new RTCPeerConnection({
    iceServers: [],
    codecs: {
      audio: [],
      video: [
        codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'),
        codec('video/rtx'),
      ],
    },
    headerExtensions: { video: [new RTCRtpHeaderExtensionParameters({ uri: TRANSPORT_CC })] },
    bundlePolicy: 'max-bundle',
  })
  await pc.setRemoteDescription({ type: 'offer', sdp })
  // Without this werift asks a public STUN server.
  for (const { connection } of pc.iceTransports) Object.assign(connection, { stunServer: undefined })
  viewers.set(id, pc)
  for (const { onStateChange } of pc.dtlsTransports)
    onStateChange.subscribe(state => {
      if (state === 'connected') ready()
    })
  const transceiver = pc.getTransceivers().find(({ kind }) => kind === 'video')
  await transceiver?.sender.replaceTrack(track)
  transceiver?.setDirection('sendonly')
  await pc.setLocalDescription(await pc.createAnswer())
  return { sdp: pc.localDescription?.sdp ?? '' }
}

let sequenceNumber = 0
runSender({
  accept,
  drop: async id => {
    await viewers.get(id)?.close()
    viewers.delete(id)
  },
  play: clip =>
    playClip(clip, (unit, timestamp) => {
      const payloads = packetizeH264(unit)
      for (const [i, payload] of payloads.entries()) {
        sequenceNumber = (sequenceNumber + 1) & 0xffff
        const marker = i === payloads.length - 1
        const header = new RtpHeader({ payloadType: PAYLOAD_TYPE, sequenceNumber, timestamp, marker })
        track.writeRtp(new RtpPacket(header, payload))
      }
    }),
  stats: () => ({ viewers: viewers.size, shed: 0 }),
})
