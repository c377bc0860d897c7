import { packetizeH264 } from '@ownsight/camera-agent/media/h264-payload'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer, type CameraPeer } from '@ownsight/camera-agent/rtc/peer'
import { playClip } from './play.ts'
import { runSender } from './sender-side.ts'

/** The agent's own way from an access unit to the wire: guard, pacer, estimator, history and all. */
const peers = new Set<CameraPeer>()

installGuard()
runSender({
  accept: async sdp => {
    const peer = await acceptOffer(sdp, { signal: new AbortController().signal })
    void peer.open.then(
      () => peers.add(peer),
      () => undefined,
    )
    void peer.closed.then(() => peers.delete(peer))
    return { sdp: peer.answer }
  },
  play: clip =>
    playClip(clip, (unit, timestamp, key) => {
      const frame = { payloads: packetizeH264(unit), timestamp, key }
      for (const peer of peers) peer.sendVideo(frame)
    }),
  stats: () => ({
    viewers: peers.size,
    shed: [...peers].filter(peer => (peer.stats()?.droppedPictures ?? 0) > 0).length,
  }),
})
