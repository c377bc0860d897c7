import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CHANNEL_ID, CHANNEL_LABEL } from '@ownsight/protocol/channel'
import { AV_LOG_QUIET } from 'node-av/constants'
import { Log } from 'node-av/lib'
import { PeerConnection, type RtcConfig, Video } from 'node-datachannel'
import { readMark } from '../mark-reader.ts'
import { openDecoder } from '../media-decoder.ts'
import type { FromPeer, Received, ToPeer } from './peer-process.ts'
import { rtpPayload } from './rtp-payload.ts'

/**
 * libdatachannel (node-datachannel), which hands out RTP as it comes: what it carries is put together and decoded here.
 * Its certificate is given by name of file. Talks to `peer-process.ts`.
 */
const tell = (message: FromPeer): void => void process.send?.(message)
const [certificatePemFile, keyPemFile, mtu] = process.argv.slice(2)
const VP8 = 96

const config: RtcConfig = {
  iceServers: [],
  disableAutoNegotiation: true,
  ...(certificatePemFile && keyPemFile ? { certificatePemFile, keyPemFile } : {}),
  ...(mtu ? { mtu: Number(mtu) } : {}),
}
const pc = new PeerConnection('viewer', config)
const video = new Video('0', 'RecvOnly')
video.addVP8Codec(VP8)
const track = pc.addTrack(video)
const channel = pc.createDataChannel(CHANNEL_LABEL, { negotiated: true, id: CHANNEL_ID })
// Pictures with holes in them are what a bad path leaves: not worth a line each.
Log.setLevel(AV_LOG_QUIET)
const decoder = await openDecoder('vp8')
const received: Received = { packets: 0, frames: 0 }
let payloads: Buffer[] = []
let turn = Promise.resolve()

track.onMessage(packet => {
  const rtp = rtpPayload(packet)
  if (rtp?.type !== VP8 || rtp.payload.length === 0) return
  received.packets++
  payloads.push(rtp.payload)
  if (rtp.marker) {
    const whole = payloads
    payloads = []
    turn = turn.then(async () => {
      const picture = await decoder.decode(whole).catch(() => undefined)
      if (picture) received.frames++
      const mark = picture && readMark(picture.rgba, picture.width, picture.height)
      if (mark) received.camera = mark.camera
      tell({ is: 'received', ...received })
    })
  } else tell({ is: 'received', ...received })
})
pc.onStateChange(state => tell({ is: 'state', state }))
channel.onOpen(() => tell({ is: 'open', seen: pc.remoteFingerprint().value.toUpperCase() }))
channel.onMessage(data => tell({ is: 'message', text: String(data) }))
pc.onGatheringStateChange(state => {
  if (state !== 'complete') return
  const own = certificatePemFile && fingerprintOf(readFileSync(certificatePemFile))
  tell({ is: 'offer', sdp: pc.localDescription()?.sdp ?? '', ...(own ? { own } : {}) })
})
process.on('message', (message: ToPeer) => {
  if (message.do === 'accept') pc.setRemoteDescription(message.answer, 'answer')
  if (message.do === 'send') channel.sendMessage(message.text)
  if (message.do === 'keyframe') track.requestKeyframe()
  if (message.do === 'close') {
    pc.close()
    if (process.connected) process.disconnect?.()
  }
})
// The library keeps threads that its own end may hang on.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

function fingerprintOf(pem: Buffer): string {
  const hex = createHash('sha256').update(new X509Certificate(pem).raw).digest('hex').toUpperCase()
  return hex.match(/../g)?.join(':') ?? ''
}

pc.setLocalDescription('offer')
