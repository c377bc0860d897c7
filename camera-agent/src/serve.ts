import { ENDED_CODES, type EndedCode } from '@ownsight/protocol/channel'
import { envelopeHash } from '@ownsight/protocol/envelope'
import { type FaultCode, faultCode, ProtocolFault } from '@ownsight/protocol/errors'
import type { KeyPair } from '@ownsight/protocol/ids'
import {
  CONFIRMING_MS,
  CONNECTING_MS,
  SESSION_MAX_S,
  SESSIONS_PER_CAMERA,
  SESSIONS_PER_VIEWER,
} from '@ownsight/protocol/limits'
import type { RefuseCode } from '@ownsight/protocol/messages'
import { type AcceptedOffer, checkOffer, openOffer, RefusedOffer } from '@ownsight/protocol/offer-check'
import { rightsOf } from '@ownsight/protocol/policy'
import { sealAnswer, sealRefusal, transcript } from '@ownsight/protocol/session'
import { type CameraEvent, type CameraState, cameraTable, next } from '@ownsight/protocol/session-state'
import type { CameraClock } from './camera-clock.ts'
import type { Share } from './media/share.ts'
import type { PolicyStore } from './policy-store.ts'
import { acceptOffer, type CameraPeer, type PeerOptions } from './rtc/peer.ts'
import { confirmed, end, play } from './session.ts'
import type { OfferWindow } from './window.ts'

/** What one camera's sessions share. Nothing in it is keyed by anything a server says. */
export type ServeContext = {
  cam: KeyPair
  policies: PolicyStore
  window: OfferWindow
  clock: CameraClock
  share: Share
  peerOptions: Omit<PeerOptions, 'signal'>
  onCount: (code: FaultCode | 'live' | 'closed', reason?: string) => void
  onViewers: (count: number) => void
}

type Session = {
  accepted: AcceptedOffer
  state: CameraState
  /** shared by every copy of the same offer while the session is not yet live */
  answer: Promise<OfferReply>
  close: (code: EndedCode) => void
}

export type OfferReply = { answer: string } | { refuse: string }

export type Server = {
  /** The ack of one offer: an answer, a signed refusal, or undefined (counted, nothing said). */
  offer(jws: string): Promise<OfferReply | undefined>
  /** Ends or keeps every session by the policy and clock of this moment. */
  recheck(): void
  close(): void
}

export function createServer(context: ServeContext): Server {
  const sessions = new Map<string, Session>()

  async function offer(jws: string): Promise<OfferReply | undefined> {
    try {
      const policy = context.policies.current()
      if (!policy) return undefined
      const opened = await openOffer(jws, context.cam.id, policy)
      const same = sessions.get(opened.hash)
      if (same && same.state !== 'live' && same.state !== 'closing') return same.answer
      const accepted = checkOffer(opened, {
        camId: context.cam.id,
        policy: context.policies.current() ?? policy,
        clock: context.clock.read(),
        windows: context.window.nonces(),
        record: context.window.record,
      })
      makeRoom(accepted)
      return await open(accepted)
    } catch (error) {
      context.onCount(faultCode(error instanceof RefusedOffer ? error.fault : error))
      return error instanceof RefusedOffer ? refuse(error) : undefined
    }
  }

  async function refuse({ offer: refused, fault }: RefusedOffer): Promise<OfferReply> {
    const win = fault.code === 'stale_win' ? context.window.nonces()[0] : undefined
    return { refuse: await sealRefusal(context.cam, refused, fault.code as RefuseCode, win) }
  }

  function makeRoom(accepted: AcceptedOffer): void {
    const mine = [...sessions.values()].filter(session => session.accepted.viewer === accepted.viewer)
    const full = sessions.size >= SESSIONS_PER_CAMERA || mine.length >= SESSIONS_PER_VIEWER
    // A viewer that starts over replaces its own oldest attempt; somebody who watches is never pushed out.
    const pending = mine.find(session => session.state !== 'live')
    if (full && pending) pending.close('replaced')
    else if (full)
      throw new RefusedOffer(accepted.offer, new ProtocolFault('busy', 'aud', 'too many sessions: close one'))
  }

  function open(accepted: AcceptedOffer): Promise<OfferReply> {
    const { hash } = accepted.offer
    const ended = new AbortController()
    const answered = Promise.withResolvers<OfferReply>()
    const session: Session = {
      accepted,
      state: 'verified',
      answer: answered.promise,
      close: code => ended.abort(code),
    }
    sessions.set(hash, session)
    const enter = (event: CameraEvent): void => {
      session.state = next(cameraTable, session.state, event) ?? 'closing'
      context.onViewers([...sessions.values()].filter(each => each.state === 'live').length)
    }
    serve(context, accepted, { answered, enter, ended })
      .catch(error => {
        answered.reject(error)
        context.onCount(faultCode(error))
      })
      .finally(() => {
        sessions.delete(hash)
        enter('close')
        context.onCount('closed', String(ended.signal.reason ?? 'peer'))
      })
    return answered.promise
  }

  return {
    offer,
    recheck: () => {
      for (const session of sessions.values()) {
        const code = verdict(context, session.accepted.viewer)
        if (code) session.close(code)
      }
    },
    close: () => {
      for (const session of sessions.values()) session.close('shutdown')
    },
  }
}

/** One session from verified offer to end: the camera's whole side of a live view. */
async function serve(
  context: ServeContext,
  accepted: AcceptedOffer,
  session: {
    answered: PromiseWithResolvers<OfferReply>
    enter: (event: CameraEvent) => void
    ended: AbortController
  },
): Promise<void> {
  const { answered, enter, ended } = session
  const { signal } = ended
  // Not the session's own signal: the peer must outlive it by the one message that says why.
  const peer = await acceptOffer(accepted.sdp, {
    ...context.peerOptions,
    signal: new AbortController().signal,
  })
  void peer.closed.then(reason => ended.abort(reason))
  try {
    const exp = sessionEnd(context, accepted.viewer)
    const n = context.policies.current()?.policy.n ?? 1
    const sdp = peer.answer
    const answer = await sealAnswer(context.cam, accepted.offer, { n, r: [...accepted.rights], exp, sdp })
    const th = await transcript(accepted.offer.hash, await envelopeHash(answer))
    const confirm = confirmed(peer, { camId: context.cam.id, accepted, th }, signal)
    confirm.catch(() => undefined)
    enter('answer_sealed')
    answered.resolve({ answer })

    await within(CONNECTING_MS + CONFIRMING_MS, peer.open, ended)
    enter('proved')
    await within(CONFIRMING_MS, confirm, ended)
    const refused = verdict(context, accepted.viewer)
    if (refused) return ended.abort(refused)
    enter('confirmed')
    context.onCount('live')
    await live(context, peer, accepted, { th, exp, ended })
  } finally {
    const reason: unknown = signal.reason
    ended.abort('closed')
    await end(peer, isEndedCode(reason) ? reason : 'not_confirmed')
  }
}

async function live(
  context: ServeContext,
  peer: CameraPeer,
  accepted: AcceptedOffer,
  session: { th: string; exp: number; ended: AbortController },
): Promise<void> {
  const { ended, th } = session
  const { sid, start } = accepted.offer.payload
  const timer = setTimeout(() => ended.abort('expired'), Math.max(0, session.exp * 1000 - Date.now()))
  peer.send(JSON.stringify({ t: 'confirmed', sid, th }))
  play(
    peer,
    context.share,
    { th, hold: start === 'hold', onBye: () => ended.abort('bye'), onFault: () => ended.abort('protocol') },
    ended.signal,
  )
  await new Promise(resolve => ended.signal.addEventListener('abort', resolve, { once: true }))
  clearTimeout(timer)
}

/** Settles with `work`, or aborts the session at the deadline. */
async function within(ms: number, work: Promise<void>, ended: AbortController): Promise<void> {
  const timer = setTimeout(() => ended.abort('not_confirmed'), ms)
  try {
    await Promise.race([
      work,
      new Promise<never>((_, reject) =>
        ended.signal.addEventListener('abort', () => reject(new Error(String(ended.signal.reason))), {
          once: true,
        }),
      ),
    ])
  } finally {
    clearTimeout(timer)
  }
}

/** Why this viewer may not watch at this moment, or undefined when it may. */
function verdict(context: ServeContext, viewer: string): EndedCode | undefined {
  const policy = context.policies.current()
  if (!policy) return 'removed'
  try {
    rightsOf(policy, viewer, context.clock.read())
    return undefined
  } catch (error) {
    const code = faultCode(error)
    return code === 'expired' || code === 'clock' ? 'expired' : code === 'private' ? 'private' : 'removed'
  }
}

/** Seconds since the epoch: twelve hours, or the end of the viewer's own right. */
function sessionEnd(context: ServeContext, viewer: string): number {
  const longest = Math.floor(Date.now() / 1000) + SESSION_MAX_S
  return Math.min(longest, context.policies.current()?.viewers.get(viewer)?.exp ?? longest)
}

const isEndedCode = (value: unknown): value is EndedCode =>
  (ENDED_CODES as readonly unknown[]).includes(value)
