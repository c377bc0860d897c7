import { type EndedCode, parseToCamera, type ToViewer } from '@ownsight/protocol/channel'
import { faultCode } from '@ownsight/protocol/errors'
import { HEARTBEAT_MS } from '@ownsight/protocol/limits'
import type { AcceptedOffer } from '@ownsight/protocol/offer-check'
import { openConfirm } from '@ownsight/protocol/session'
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

/** The media and messages of a confirmed session until `signal` aborts. */
export function play(
  peer: CameraPeer,
  share: Share,
  session: { th: string; hold: boolean; onBye: () => void; onFault: (code: string) => void },
  signal: AbortSignal,
): void {
  let rtpTs = 0
  let seq = 0
  let subscription: ReturnType<Share['subscribe']> | undefined

  const start = (): void => {
    if (subscription || !peer.video || signal.aborted) return
    subscription = share.subscribe(peer.video, frame => {
      rtpTs = frame.timestamp
      peer.sendVideo(frame)
    })
  }
  const beat = (): void =>
    tell(peer, { t: 'heartbeat', seq: seq++, rtpTs, cameraTime: Date.now(), th: session.th })

  peer.onKeyframeRequest(() => subscription?.requestKeyframe())
  peer.onMessage(text => {
    try {
      const message = parseToCamera(text)
      if (message.t === 'play') start()
      if (message.t === 'bye') session.onBye()
    } catch (error) {
      session.onFault(faultCode(error))
    }
  })
  const unlisten = share.onStatus(status => tell(peer, sourceMessage(status)))
  const timer = setInterval(beat, HEARTBEAT_MS)
  signal.addEventListener('abort', () => {
    clearInterval(timer)
    unlisten()
    subscription?.close()
  })
  if (!session.hold) start()
  tell(peer, sourceMessage(share.status()))
  beat()
}

const sourceMessage = (status: SourceStatus): ToViewer => ({
  t: 'source',
  state: status.state,
  ...(status.code ? { code: status.code } : {}),
  ...(status.transcoding === undefined ? {} : { transcoding: status.transcoding }),
})

/** Says why, then closes: the viewer shows the sentence for the code. */
export async function end(peer: CameraPeer, code: EndedCode): Promise<void> {
  try {
    tell(peer, { t: 'ended', code })
  } catch {
    // the channel may be gone already
  }
  await peer.close('local')
}
