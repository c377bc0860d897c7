import { registerHooks } from 'node:module'
import { replies } from '@ownsight/protocol/events'
import type { KeyPair } from '@ownsight/protocol/ids'
import type { Socket } from 'socket.io-client'
import * as v from 'valibot'
import type { Peer } from '../../viewer/src/rtc/peer.ts'
import type { LiveSession, Pinned, WatchOptions } from '../../viewer/src/watch.ts'
import { createViewer, type WeriftViewer } from '../support/werift-viewer.ts'

/** The viewer's own flow, `viewer/src/watch.ts`, outside a browser: over a real socket, with a WebRTC stack in a process. */
export type Watching = {
  /** settles as `watch` does */
  readonly session: Promise<LiveSession>
  /** replies that were ignored so far */
  foreign(): number
  readonly peers: WeriftViewer[]
  /** offers sent, each as often as it was */
  readonly offers: string[]
  close(): Promise<void>
}

let loaded: Promise<typeof import('../../viewer/src/watch.ts')> | undefined

const closing = new WeakMap<WeriftViewer, Promise<void>>()

/** Aborted, closed and disposed of, in any order: its process is told once. */
function closeOnce(viewer: WeriftViewer): Promise<void> {
  const closed = closing.get(viewer) ?? viewer.close().catch(() => viewer.kill())
  closing.set(viewer, closed)
  return closed
}

/** Without the browser's door to WebRTC, which cannot be opened here. */
function loadWatch(): Promise<typeof import('../../viewer/src/watch.ts')> {
  loaded ??= (async () => {
    const hooks = registerHooks({
      resolve: (specifier, context, next) =>
        specifier === './rtc/peer.ts' && context.parentURL?.endsWith('watch.ts?headless')
          ? {
              url: 'data:text/javascript,export const createPeer = undefined',
              format: 'module',
              shortCircuit: true,
            }
          : next(specifier, context),
    })
    const url = new URL('../../viewer/src/watch.ts', import.meta.url).href
    const module = await import(`${url}?headless`)
    hooks.deregister()
    return module
  })()
  return loaded
}

export function watchHeadless(
  person: { view: KeyPair; socket: Socket },
  camera: Pinned,
  more: Partial<WatchOptions> = {},
): Watching {
  const peers: WeriftViewer[] = []
  const offers: string[] = []
  const ended = new AbortController()
  let foreign = 0
  const ask = async (kind: string, request: { offer?: string }) => {
    if (request.offer) offers.push(request.offer)
    const reply: unknown = await person.socket
      .timeout(16_000)
      .emitWithAck(kind, request)
      .catch(() => undefined)
    const parsed = v.safeParse(kind === 'offer' ? replies.offer : replies.beacon, reply)
    return parsed.success ? parsed.output : { hint: 'no_reply' }
  }
  const peer = async (signal: AbortSignal): Promise<Peer> => {
    const viewer = await createViewer()
    peers.push(viewer)
    signal.addEventListener('abort', () => void closeOnce(viewer), { once: true })
    return peerOf(viewer)
  }
  const session = loadWatch().then(({ watch }) =>
    watch({
      camera,
      view: person.view,
      ask: ask as WatchOptions['ask'],
      peer,
      onForeignAnswer: () => foreign++,
      signal: ended.signal,
      ...more,
    }),
  )
  session.catch(() => undefined)
  return {
    session,
    foreign: () => foreign,
    peers,
    offers,
    async close() {
      for (const each of peers.filter(each => each.isOpen() && !closing.has(each)))
        each.send(JSON.stringify({ t: 'bye' }))
      ended.abort()
      await Promise.all(peers.map(closeOnce))
    },
  }
}

/** The messages that came are read from the first on: none is lost between two handlers. */
function peerOf(viewer: WeriftViewer): Peer {
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise(resolve => setTimeout(resolve, 5))
  }
  let read = 0
  const fingerprint = Promise.withResolvers<string | undefined>()
  return {
    offer: viewer.offer,
    accept(sdp) {
      fingerprint.resolve(undefined)
      viewer.take(sdp)
    },
    open: until(viewer.isOpen),
    stream: Promise.resolve({ id: 'headless' } as unknown as MediaStream),
    closed: until(() => viewer.states.includes('closed')),
    remoteFingerprint: () => fingerprint.promise,
    send: viewer.send,
    onMessage(handler) {
      const timer = setInterval(() => {
        for (const text of viewer.messages.slice(read)) {
          read++
          handler(text)
        }
        if (viewer.states.includes('closed')) clearInterval(timer)
      }, 5)
      timer.unref()
    },
    stats: async () => new Map() as never,
    close: () => void closeOnce(viewer),
  } as Peer
}

/** As the live page does: a new attempt when one fails for a reason that may pass. */
export async function watchAgain(
  person: { view: KeyPair; socket: Socket },
  camera: Pinned,
): Promise<{ watching: Watching; session: LiveSession }> {
  for (let tries = 0; ; tries++) {
    const watching = watchHeadless(person, camera)
    try {
      return { watching, session: await watching.session }
    } catch (error) {
      await watching.close()
      if (tries === 9) throw error
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}
