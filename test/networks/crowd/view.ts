import type { KeyPair } from '@ownsight/protocol/ids'
import type { LiveView } from '../../../viewer/src/live-view.ts'
import type { ViewSession } from '../../../viewer/src/view-session.ts'
import type { Pinned } from '../../../viewer/src/watch.ts'
import { createHeadlessPeer } from '../../bench/homes/peer.ts'
import type { Client } from './client.ts'
import { type loadPage, SEEN } from './page-modules.ts'
import { createWholePictures } from './whole-pictures.ts'

export type Page = Awaited<ReturnType<typeof loadPage>>

export type Watcher = {
  readonly page: Page
  readonly client: Client
  readonly view: KeyPair
  readonly camera: Pinned
  readonly stun: string
}

/** As long as the page waits for a server's answer. */
const PATIENCE_MS = 2200

export type Told = {
  readonly signal: AbortSignal
  /** why a try failed */
  readonly onEnd?: (code: string) => void
  /** attempts are counted from 1 */
  readonly onStep?: (attempt: number, state: string) => void
}

/** One camera as the page opens it. The decoder is what is missing: pictures are counted whole. */
export function watchWithoutBrowser(
  { page, client, view, camera, stun }: Watcher,
  { signal, onEnd = () => undefined, onStep = () => undefined }: Told,
): LiveView {
  let attempts = 0
  const eyes = new WeakMap<object, (draw: () => void) => void>()
  const { signaling } = client
  const live = page.openLiveView({
    camera,
    view,
    ask: signaling.request as never,
    beacon: () => client.beacon(camera.camId),
    async peer(own) {
      let draw: (() => void) | undefined
      let seen = 0
      const take = createWholePictures(() => {
        seen++
        draw?.()
      })
      const outside = { stun, patience: PATIENCE_MS, hasPicture: () => seen > 0 }
      const peer = await createHeadlessPeer(own, take, outside)
      eyes.set(peer, next => {
        draw = next
        if (seen > 0) next()
      })
      return peer
    },
    open(options) {
      const attempt = ++attempts
      const onState: typeof options.onState = state => {
        onStep(attempt, state)
        options.onState?.(state)
      }
      return page.watch({ ...options, onState })
    },
    isFinal: page.isFinal,
    doubt: isStill => signaling.doubt(camera.camId, isStill),
    onReconnect: signaling.onReconnect,
    wake: () => new Promise(() => undefined),
    news: () => new Promise(() => undefined),
    onEnd,
    page: SEEN,
    signal,
  })
  const attach = (session: ViewSession | undefined): void => {
    if (session) eyes.get(session.live.peer)?.(() => session.frame())
  }
  live.shown.subscribe(attach)
  live.coming.subscribe(attach)
  return live
}
