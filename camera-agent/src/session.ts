import { type EndedCode, parseToCamera, type ToCamera, type ToViewer } from '@ownsight/protocol/channel'
import { faultCode } from '@ownsight/protocol/errors'
import { HEARTBEAT_MS } from '@ownsight/protocol/limits'
import type { AcceptedOffer } from '@ownsight/protocol/offer-check'
import { openConfirm } from '@ownsight/protocol/session'
import type { Control } from './control.ts'
import { createListening } from './listening.ts'
import type { MediaFrame } from './media/media-frame.ts'
import type { Share, SourceStatus } from './media/share.ts'
import type { CameraPeer } from './rtc/peer.ts'

export const tell = (peer: CameraPeer, message: ToViewer): void => peer.send(JSON.stringify(message))

/**
 * Waits for the one valid confirm on the data channel. Until it resolves no RTP is sent and no command obeyed.
 * Rejects with ProtocolFault on anything else.
 */
export function confirmed(
  peer: CameraPeer,
  session: { camId: string; accepted: AcceptedOffer; th: string },
  signal: AbortSignal,
): Promise<void> {
  const { viewer, key, offer } = session.accepted
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    peer.onMessage(text => {
      check(text).then(resolve, reject)
    })
  })

  async function check(text: string): Promise<void> {
    const message = parseToCamera(text)
    if (message.t !== 'confirm') throw new Error('the first message must be a confirm')
    const { camId, th } = session
    await openConfirm(message.jws, { camId, view: viewer, key, sid: offer.payload.sid, th })
  }
}

/** The source of a paused session stays open this long: who comes back soon is not to wait for it. */
const PAUSED_OPEN_MS = 60_000

/** The media and messages of a confirmed session until `signal` aborts. Call what it returns after a change of rights. */
export function play(
  peer: CameraPeer,
  share: Share,
  session: {
    th: string
    hold: boolean
    /** resolves once a held session may show its picture */
    onPlay: () => Promise<void>
    control: Pick<Control, 'policy' | 'readInSession'>
    /** whether the session may hear its camera at this moment */
    mayHear: () => boolean
    onBye: () => void
    onFault: (code: string) => void
  },
  signal: AbortSignal,
): () => void {
  let rtpTs = 0
  let seq = 0
  let isWriting = false
  let isRecorded = !session.hold
  let isPaused = false
  /** after a pause: what comes first may be what was sent before it, perhaps in another quality */
  let awaitsKey = false
  let cooling: NodeJS.Timeout | undefined
  let subscription: ReturnType<Share['subscribe']> | undefined
  const listening = createListening(peer.sound, session.mayHear)
  let tile: number | undefined

  const start = (): void => {
    if (subscription || isPaused || !peer.video || signal.aborted) return
    subscription = share.subscribe(peer.video, frame => {
      if (isPaused || (awaitsKey && !isNewKey(frame))) return
      awaitsKey = false
      rtpTs = frame.timestamp
      peer.sendVideo(frame)
    })
    if (tile !== undefined) subscription.setHeight(tile)
    listening.follow(subscription)
  }
  const isNewKey = ({ key, timestamp }: MediaFrame): boolean => {
    if (key && ((timestamp - rtpTs) | 0) > 0) return true
    subscription?.requestKeyframe()
    return false
  }
  const playNow = async (): Promise<void> => {
    if (isPaused) stop()
    awaitsKey ||= isPaused && rtpTs !== 0
    isPaused = false
    listening.setPaused(false)
    if (isRecorded) return start()
    if (isWriting) return
    isWriting = true
    await session.onPlay().then(start, () => session.onFault('busy'))
    isRecorded = true
  }
  const stop = (): void => {
    clearTimeout(cooling)
    listening.follow(undefined)
    subscription?.close()
    subscription = undefined
  }
  const pause = (): void => {
    if (isPaused) return
    isPaused = true
    listening.setPaused(true)
    cooling = setTimeout(stop, PAUSED_OPEN_MS)
  }
  const beat = (): void =>
    tell(peer, { t: 'heartbeat', seq: seq++, rtpTs, cameraTime: Date.now(), th: session.th })

  peer.onKeyframeRequest(() => subscription?.requestKeyframe())
  peer.onBandwidth(bps => {
    if (!subscription || isPaused) return
    subscription.setBudget(bps)
    peer.setDemand(subscription.demand())
  })
  peer.onMessage(text => {
    try {
      const message = parseToCamera(text)
      if (message.t === 'play') void playNow()
      if (message.t === 'pause') pause()
      if (message.t === 'alive') beat()
      if (message.t === 'tile') {
        tile = message.height
        subscription?.setHeight(tile)
      }
      if (message.t === 'listen') listening.set(message.on)
      if (message.t === 'bye') session.onBye()
      if (message.t === 'policy' || message.t === 'read') void serveOwner(peer, session, message)
    } catch (error) {
      session.onFault(faultCode(error))
    }
  })
  const report = (status: SourceStatus): void => tell(peer, sourceMessage(status, listening.has(status)))
  const unlisten = share.onStatus(report)
  const timer = setInterval(beat, HEARTBEAT_MS)
  signal.addEventListener('abort', () => {
    clearInterval(timer)
    unlisten()
    stop()
  })
  if (!session.hold) start()
  report(share.status())
  beat()
  return listening.recheck
}

/** An owner's word inside the session, for when the server withholds it; it is judged as if it had come that way. */
async function serveOwner(
  peer: CameraPeer,
  session: { th: string; control: Pick<Control, 'policy' | 'readInSession'> },
  message: Extract<ToCamera, { t: 'policy' | 'read' }>,
): Promise<void> {
  const { id } = message
  const { control, th } = session
  if (message.t === 'policy')
    return control.policy(message.policy, reply =>
      tell(peer, 'ack' in reply ? { t: 'ack', id, ...reply } : { t: 'refused', id, code: reply.refused }),
    )
  const reply = await control.readInSession(message.read, th)
  if ('refused' in reply) tell(peer, { t: 'refused', id, code: reply.refused })
  else if ('status' in reply) tell(peer, { t: 'status', id, ...reply })
  else tell(peer, { t: 'log', id, ...reply })
}

const sourceMessage = (status: SourceStatus, sound: boolean | undefined): ToViewer => ({
  t: 'source',
  state: status.state,
  ...(status.code ? { code: status.code } : {}),
  ...(status.transcoding === undefined ? {} : { transcoding: status.transcoding }),
  ...(sound === undefined ? {} : { sound }),
})

/** How the media went, as far as the camera knows; a peer behind a name it keeps to itself is `unknown`. */
export function pathOf(peer: CameraPeer): 'host' | 'srflx' | 'relay' | 'unknown' {
  const path = peer.path()
  return path === undefined || path === 'prflx' ? 'unknown' : path
}

/** Says why, then closes: the viewer shows the sentence for the code. */
export async function end(peer: CameraPeer, code: EndedCode): Promise<void> {
  try {
    tell(peer, { t: 'ended', code })
  } catch {
    // the channel may be gone already
  }
  await peer.close('local')
}
