import type { Peer } from '../../../viewer/src/rtc/peer.ts'
import { until } from '../wait.ts'
import type { BadPath } from './bad-path.ts'
import type { PeerProcess } from './peer-process.ts'
import type { Stack } from './stacks.ts'

const FOREVER_MS = 3_600_000

/**
 * Another stack behind the door that the viewer's own flow knows (viewer/src/rtc/peer.ts), so that `watch` runs on it
 * unchanged. There is a stream once packets of it have come.
 * @param path what lies between it and the camera; nothing when absent
 */
export async function sessionPeer(
  stack: Stack,
  signal: AbortSignal,
  path?: BadPath,
): Promise<{ peer: Peer; viewer: PeerProcess }> {
  const viewer = await stack.open()
  let isClosed = false
  const gone = Promise.withResolvers<never>()
  gone.promise.catch(() => undefined)
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    gone.reject(new Error('the connection ended'))
    path?.close()
    void viewer.close()
  }
  const once = (what: string, condition: () => boolean): Promise<unknown> => {
    const found = until(() => isClosed || condition(), { timeout: FOREVER_MS, what })
    const either = Promise.race([found, gone.promise])
    either.catch(() => undefined)
    return either
  }
  const hasEnded = (): boolean => ['closed', 'failed', 'disconnected'].includes(viewer.states.at(-1) ?? '')
  const closed = once('the end of the connection', hasEnded).then(close, () => undefined)
  void viewer.gone.then(close)
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  const peer: Peer = {
    offer: path?.offer(viewer.offer) ?? viewer.offer,
    accept: answer => viewer.take(path?.answer(answer) ?? answer),
    open: once('the channel', viewer.isOpen).then(() => undefined),
    stream: once('a stream', () => viewer.received.packets > 0).then(() => ({}) as MediaStream),
    closed,
    remoteFingerprint: async () => viewer.seen(),
    send: viewer.send,
    onMessage: viewer.onMessage,
    stats: async () => new Map() as unknown as RTCStatsReport,
    close,
  }
  for (const each of [peer.open, peer.stream]) each.catch(() => undefined)
  return { peer, viewer }
}
