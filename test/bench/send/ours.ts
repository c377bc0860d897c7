import { createLoad, type Seat } from '@ownsight/camera-agent/load'
import { packetizeH264 } from '@ownsight/camera-agent/media/h264-payload'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer, type CameraPeer } from '@ownsight/camera-agent/rtc/peer'
import { rateOf } from './clip.ts'
import { playClip } from './play.ts'
import { runSender } from './sender-side.ts'

/**
 * The agent's own way from an access unit to the wire: guard, pacer, estimator, history and all. With `everybody` as its
 * second argument nobody is refused, and nobody is sent less.
 */
const load = process.argv[3] === 'everybody' ? undefined : createLoad()
/** What a source that goes out as it comes could make use of, to its own rate: no link is probed beyond that. */
const DEMAND = 1.4
let demand = 0
const viewers = new Map<number, { peer: CameraPeer; seat: Seat | undefined; open: boolean }>()

installGuard()
runSender({
  accept: async (id, sdp, ready) => {
    const seat = await load?.admit()
    if (load && !seat) return { code: 'busy', reason: 'the agent can serve no more' }
    const peer = await acceptOffer(sdp, { seat, signal: new AbortController().signal })
    const viewer = { peer, seat, open: false }
    viewers.set(id, viewer)
    peer.onBandwidth(() => peer.setDemand(demand))
    peer.open.then(
      () => {
        viewer.open = true
        ready()
      },
      () => undefined,
    )
    void peer.closed.then(() => {
      seat?.release()
      viewers.delete(id)
    })
    return { sdp: peer.answer }
  },
  drop: async id => viewers.get(id)?.peer.close(),
  play: clip => {
    demand = DEMAND * rateOf(clip)
    playClip(clip, (unit, timestamp, key) => {
      const frame = { payloads: packetizeH264(unit), timestamp, key }
      for (const { peer, open } of viewers.values()) if (open) peer.sendVideo(frame)
    })
  },
  stats: () => ({
    viewers: viewers.size,
    shed: [...viewers.values()].filter(({ seat }) => seat?.isThinned()).length,
  }),
})
