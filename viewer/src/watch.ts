import { equalText } from '@ownsight/protocol/bytes'
import { parseToViewer, type ToCamera, type ToViewer } from '@ownsight/protocol/channel'
import { faultCode } from '@ownsight/protocol/errors'
import type { Reply } from '@ownsight/protocol/events'
import type { KeyPair, PublicKey } from '@ownsight/protocol/ids'
import type { Right } from '@ownsight/protocol/messages'
import {
  type Attempt,
  newSid,
  openAnswer,
  openBeacon,
  openRefusal,
  sealConfirm,
  sealOffer,
} from '@ownsight/protocol/session'
import { next, type ViewerEvent, type ViewerState, viewerTable } from '@ownsight/protocol/session-state'
import { DEADLINES, type Deadlines } from './deadlines.ts'
import { WatchFault } from './failures.ts'
import { createPeer, type Peer } from './rtc/peer.ts'
import { iceOf } from './rtc/stats.ts'

export type Pinned = { camId: string; key: PublicKey }
type Ask = {
  (kind: 'beacon', request: { cam: string }): Promise<Reply<'beacon'>>
  (kind: 'offer', request: { cam: string; offer: string }, signal?: AbortSignal): Promise<Reply<'offer'>>
}

export type WatchOptions = {
  camera: Pinned
  view: KeyPair
  ask: Ask
  /** the beacon the server pushed last, where there is one: it saves a round trip */
  beacon?: () => string | undefined
  /** makes the peer of one attempt; the browser's own unless a test says otherwise */
  peer?: (signal: AbortSignal) => Promise<Peer>
  /** `hold`: a session without a picture, for what is asked over its channel */
  start?: 'now' | 'hold'
  onState?: (state: ViewerState) => void
  onForeignAnswer?: () => void
  deadlines?: Deadlines
  signal: AbortSignal
}

/** A confirmed session: only with it is there a stream to show. */
export type LiveSession = {
  camId: string
  stream: MediaStream
  peer: Peer
  th: string
  /** what the camera granted, and until when: seconds since the epoch */
  granted: { r: readonly Right[]; exp: number }
  onMessage(handler: (message: ToViewer) => void): void
  /** One question over the channel; undefined when the session ends or the camera stays silent. */
  request(question: Question): Promise<Extract<ToViewer, { id: number }> | undefined>
}
export type Question = WithoutId<Extract<ToCamera, { id: number }>>
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

/**
 * One live view, from the tap to a confirmed picture. Throws WatchFault; whatever it throws, nothing was drawn.
 * A signed `stale_win` earns one more attempt with a new sid; everything else is for the caller to try again.
 */
export async function watch(options: WatchOptions): Promise<LiveSession> {
  let win = await fetchWindow(options)
  for (let attempt = 0; ; attempt++) {
    const outcome = await attemptOnce(options, win)
    if ('th' in outcome) return outcome
    if (attempt > 0) throw new WatchFault('stale_win')
    win = outcome.staleWin
  }
}

async function fetchWindow({ ask, beacon, camera, deadlines = DEADLINES }: WatchOptions): Promise<string> {
  const open = async (jws: string): Promise<string> =>
    (await openBeacon(jws, camera.key, camera.camId)).payload.win
  const pushed = beacon?.()
  // One that does not verify was pushed in error: it would stand in the way until the next one.
  const win = pushed && (await open(pushed).catch(() => undefined))
  if (win) return win
  const reply = await within(deadlines.beacon, ask('beacon', { cam: camera.camId }), 'no_reply')
  if ('hint' in reply) throw new WatchFault(reply.hint)
  return open(reply.beacon).catch(() => {
    throw new WatchFault('not_this_camera')
  })
}

async function attemptOnce(options: WatchOptions, win: string): Promise<LiveSession | { staleWin: string }> {
  const { camera, view, signal, deadlines = DEADLINES } = options
  let state: ViewerState = 'idle'
  const enter = (event: ViewerEvent): void => {
    state = next(viewerTable, state, event) ?? state
    performance.mark(`ownsight:${state}`)
    options.onState?.(state)
  }
  const own = new AbortController()
  const stop = () => own.abort()
  signal.addEventListener('abort', stop, { once: true })
  try {
    enter('beacon_verified')
    const peer = await within(deadlines.gathering, (options.peer ?? createPeer)(own.signal), 'no_path')
    enter('prepared')
    const sid = newSid()
    const { offer, oh } = await sealOffer({
      view,
      camId: camera.camId,
      win,
      sid,
      sdp: peer.offer,
      want: ['view', 'audio'],
      start: options.start ?? 'now',
    })
    enter('offer_sent')
    const found = await answerFor(options, offer, {
      pin: camera.key,
      camId: camera.camId,
      view: view.id,
      sid,
      oh,
    })
    if ('staleWin' in found) {
      own.abort()
      return found
    }
    enter('answer_verified')
    peer.accept(found.sdp)
    enter('applied')
    // Signed while the path is found: it leaves over the channel, which is not there yet.
    const sealed = sealConfirm(view, { camId: camera.camId, sid, oh, ah: found.ah })
    sealed.catch(() => undefined)
    await channelOpen(peer, deadlines)
    enter('channel_open')
    const seen = await peer.remoteFingerprint()
    if (seen !== undefined && seen !== found.fingerprint) throw new WatchFault('not_this_camera')
    const { confirm, th } = await sealed
    const session = confirmOver(peer, { camId: camera.camId, confirm, sid, th })
    await within(deadlines.confirm, session.confirmed, 'not_confirmed')
    enter('confirmed')
    const stream = await within(deadlines.picture, peer.stream, 'no_picture')
    const { onMessage, request } = session
    const { granted } = found
    return { camId: camera.camId, stream, peer, th, granted, onMessage, request }
  } catch (error) {
    own.abort()
    enter('close')
    throw error instanceof WatchFault ? error : new WatchFault(signal.aborted ? 'stopped' : 'no_path')
  }
}

type Answered = { sdp: string; ah: string; fingerprint: string; granted: LiveSession['granted'] }

/** Sends the same envelope until a reply verifies or the deadline comes. What does not verify is counted, no more. */
async function answerFor(
  options: WatchOptions,
  offer: string,
  attempt: Attempt,
): Promise<Answered | { staleWin: string }> {
  const end = performance.now() + (options.deadlines ?? DEADLINES).answer
  // What still waits for a connection when this attempt is over is not sent: it would only make the camera work.
  const late = AbortSignal.timeout((options.deadlines ?? DEADLINES).answer)
  const over = AbortSignal.any([options.signal, late])
  let hint = 'no_reply'
  for (let wait = 40; performance.now() < end && !options.signal.aborted; wait = Math.min(wait * 2, 2000)) {
    const reply = await within(
      end - performance.now(),
      options.ask('offer', { cam: attempt.camId, offer }, over),
      hint,
    )
    if (options.signal.aborted) break
    try {
      if ('answer' in reply) {
        const { answer, ...rest } = await openAnswer(reply.answer, attempt)
        return { ...rest, granted: { r: answer.payload.r, exp: answer.payload.exp } }
      }
      if ('refuse' in reply) {
        const { payload } = await openRefusal(reply.refuse, attempt)
        if (payload.code === 'stale_win' && payload.win) return { staleWin: payload.win }
        throw new WatchFault(payload.code)
      }
      hint = reply.hint
    } catch (error) {
      if (error instanceof WatchFault) throw error
      console.warn(`ignored a reply: ${faultCode(error)}`)
      hint = 'foreign_answer'
      options.onForeignAnswer?.()
    }
    await pause(wait)
  }
  throw new WatchFault(hint)
}

/** The open channel. Where the time for a path is up and there is none, it is not waited for any longer. */
async function channelOpen(peer: Peer, deadlines: Deadlines): Promise<void> {
  const isOpen = peer.open.then(() => true)
  const path = pause(deadlines.path).then(() => false)
  if (await Promise.race([isOpen, path])) return
  if (iceOf(await peer.stats()) === 'checking') throw new WatchFault('no_path')
  await within(deadlines.channel - deadlines.path, isOpen, 'no_channel')
}

/** Sends the confirm and waits for the camera's; messages after that go to the session's handler. */
function confirmOver(peer: Peer, session: { camId: string; confirm: string; sid: string; th: string }) {
  const confirmed = Promise.withResolvers<void>()
  let handler: (message: ToViewer) => void = () => undefined
  const early: ToViewer[] = []
  const asked = new Map<number, (reply: Extract<ToViewer, { id: number }>) => void>()
  let questions = 0
  let isConfirmed = false
  let listening = false
  peer.onMessage(text => {
    let message: ToViewer
    try {
      message = parseToViewer(text)
    } catch {
      return
    }
    if (isConfirmed) {
      if ('id' in message) asked.get(message.id)?.(message)
      else if (listening) handler(message)
      else early.push(message)
    } else if (
      message.t === 'confirmed' &&
      message.sid === session.sid &&
      equalText(message.th, session.th)
    ) {
      isConfirmed = true
      confirmed.resolve()
    } else if (message.t === 'ended') confirmed.reject(new WatchFault(message.code))
  })
  void peer.closed.then(() => confirmed.reject(new WatchFault('not_confirmed')))
  const hello: ToCamera = { t: 'confirm', jws: session.confirm }
  peer.send(JSON.stringify(hello))
  return {
    confirmed: confirmed.promise,
    onMessage(next: (message: ToViewer) => void) {
      handler = next
      listening = true
      for (const message of early.splice(0)) next(message)
    },
    async request(question: Question) {
      const id = ++questions
      const reply = new Promise<Extract<ToViewer, { id: number }>>(resolve => asked.set(id, resolve))
      peer.send(JSON.stringify({ ...question, id }))
      try {
        return await Promise.race([
          within(CHANNEL_REPLY_MS, reply, 'no_reply'),
          peer.closed.then(() => undefined),
        ])
      } catch {
        return undefined
      } finally {
        asked.delete(id)
      }
    },
  }
}

/** A camera writes a policy to its disk before it answers. */
const CHANNEL_REPLY_MS = 10_000

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

async function within<T>(ms: number, work: Promise<T>, code: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new WatchFault(code)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
