import { envelopeHash } from '@ownsight/protocol/envelope'
import type { Reply } from '@ownsight/protocol/events'
import type { KeyPair, PublicKey } from '@ownsight/protocol/ids'
import type { LiveSession } from '../../viewer/src/watch.ts'
import type { Answer, Asked } from './bag.ts'
import { watch } from './real-code.ts'
import { createViewerPeer, type ViewerEnd } from './transport.ts'
import { as, type Device } from './virtual-time.ts'

/** An honest device that watches. */
export type Viewer = {
  readonly name: string
  readonly device: Device
  readonly view: KeyPair
  /** the cameras it pinned: id → key */
  readonly pins: Map<string, PublicKey>
  readonly attempts: Attempt[]
}

/** One tap on one camera: what was asked for, and what came of it. */
export type Attempt = {
  readonly viewer: Viewer
  /** the camera under whose name it will be shown */
  readonly label: string
  /** each offer made for it: its hash, and the end it speaks of */
  readonly offers: { oh: string; offer: string; end: ViewerEnd }[]
  rendered: { session: LiveSession; end: ViewerEnd } | undefined
  ended: boolean
  readonly stop: AbortController
}

type Put = (asked: Omit<Asked, 'answer' | 'done'>) => Promise<Answer>

const asReply = <K extends 'beacon' | 'offer'>(answer: Answer): Reply<K> => {
  if ('hint' in answer) return answer as Reply<K>
  if ('refused' in answer) return { hint: 'offline' } as Reply<K>
  // The server says which it is; a lie about that is one more thing to be refused.
  const claims = answer.e.startsWith(REFUSE) ? { refuse: answer.e } : { answer: answer.e }
  return { ...claims, beacon: answer.e } as unknown as Reply<K>
}
const REFUSE = Buffer.from('{"alg":"ES256","typ":"os1-refuse"}').toString('base64url')

/** The shipped watch(), with the server and the network in the model's hands. */
export function startWatch(viewer: Viewer, label: string, put: Put): Attempt | undefined {
  const key = viewer.pins.get(label)
  if (!key) return undefined
  const attempt: Attempt = {
    viewer,
    label,
    offers: [],
    rendered: undefined,
    ended: false,
    stop: new AbortController(),
  }
  viewer.attempts.push(attempt)
  let newest: ViewerEnd | undefined
  const ask = async (kind: 'beacon' | 'offer', request: { cam: string; offer?: string }) => {
    const body = request.offer === undefined ? undefined : { e: request.offer }
    if (body && newest && attempt.offers.at(-1)?.offer !== body.e)
      attempt.offers.push({ oh: await envelopeHash(body.e), offer: body.e, end: newest })
    return asReply(await put({ kind, camId: request.cam, body, by: viewer.name }))
  }
  as(viewer.device, () => {
    watch({
      camera: { camId: label, key },
      view: viewer.view,
      ask: ask as never,
      signal: attempt.stop.signal,
      peer: async signal => {
        const { peer, end } = createViewerPeer(viewer.device, signal)
        newest = end
        return peer
      },
    }).then(
      session => {
        if (newest) attempt.rendered = { session, end: newest }
      },
      () => {
        attempt.ended = true
      },
    )
  })
  return attempt
}

export function closeAttempt(attempt: Attempt): void {
  if (attempt.rendered) attempt.rendered.session.peer.close()
  attempt.stop.abort()
  attempt.ended = true
}
