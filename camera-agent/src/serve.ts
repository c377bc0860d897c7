import { type EndedCode, isEndedCode } from '@ownsight/protocol/channel'
import { envelopeHash } from '@ownsight/protocol/envelope'
import { type FaultCode, faultCode, ProtocolFault } from '@ownsight/protocol/errors'
import type { KeyPair } from '@ownsight/protocol/ids'
import { CONFIRMING_MS, CONNECTING_MS } from '@ownsight/protocol/limits'
import type { RefuseCode, Right } from '@ownsight/protocol/messages'
import { type AcceptedOffer, checkOffer, openOffer, RefusedOffer } from '@ownsight/protocol/offer-check'
import { sealAnswer, sealRefusal, transcript } from '@ownsight/protocol/session'
import { type CameraEvent, type CameraState, cameraTable, next } from '@ownsight/protocol/session-state'
import type { Way } from './announce.ts'
import type { CameraClock } from './camera-clock.ts'
import type { Control } from './control.ts'
import type { Journal } from './journal.ts'
import { sessionEnd, verdict } from './judge.ts'
import type { Load, Seat } from './load.ts'
import type { Share } from './media/share.ts'
import type { PolicyStore } from './policy-store.ts'
import { createRecent } from './recent.ts'
import { makeRoom } from './room.ts'
import { acceptOffer, type CameraPeer, type PeerOptions } from './rtc/peer.ts'
import { seated } from './seated.ts'
import { confirmed, end, pathOf, play, tell } from './session.ts'
import type { OfferWindow } from './window.ts'
import { within } from './within.ts'

/** What one camera's sessions share. Nothing in it is keyed by anything a server says. */
export type ServeContext = {
  cam: KeyPair
  policies: PolicyStore
  window: OfferWindow
  clock: CameraClock
  share: Share
  journal: Pick<Journal, 'ready' | 'live' | 'foreign' | 'close' | 'refused' | 'ignored'>
  control: Pick<Control, 'policy' | 'readInSession'>
  load?: Load | undefined
  /** false: nobody hears this camera, whatever its policy says */
  sound?: boolean | undefined
  peerOptions: Omit<PeerOptions, 'signal' | 'sound' | 'seat'>
  onCount: (code: FaultCode | 'live' | 'closed', reason?: string) => void
  onViewers: (count: number) => void
  /** at the end of a session that was live */
  onWay: (way: Way) => void
}

const REFUSALS_KEPT = 128

type Session = {
  accepted: AcceptedOffer
  state: CameraState
  /** false while it is held: nobody watches */
  plays: boolean
  /** granted, and never more than that later */
  rights: readonly Right[]
  /** tells the viewer what is left of its rights */
  onRights: () => void
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
  /** sessions that are live */
  watching(): number
  close(code?: EndedCode): void
  /** Resolves when no session is left. */
  settled(): Promise<void>
}

export function createServer(context: ServeContext): Server {
  const sessions = new Map<string, Session>()
  const refusals = createRecent<OfferReply>(REFUSALS_KEPT)
  const serving = new Set<Promise<void>>()

  async function offer(jws: string): Promise<OfferReply | undefined> {
    try {
      const policy = context.policies.current()
      if (!policy) return undefined
      const opened = await openOffer(jws, context.cam.id, policy)
      const said = refusals.get(opened.hash)
      if (said) return said
      const same = sessions.get(opened.hash)
      if (same && same.state !== 'live' && same.state !== 'closing') return same.answer
      const accepted = checkOffer(opened, {
        camId: context.cam.id,
        policy: context.policies.current() ?? policy,
        clock: context.clock.read(),
        windows: context.window.nonces(),
        record: context.window.record,
      })
      if (!(await context.journal.ready()))
        throw new RefusedOffer(accepted.offer, new ProtocolFault('busy', 'log', 'make room on its disk'))
      makeRoom([...sessions.values()], accepted)
      return await open(accepted)
    } catch (error) {
      if (error instanceof RefusedOffer) return refuse(error)
      context.onCount(faultCode(error))
      context.journal.ignored(faultCode(error))
      return undefined
    }
  }

  async function refuse({ offer: refused, fault }: RefusedOffer): Promise<OfferReply> {
    const { iss, sid } = refused.payload
    context.onCount(fault.code)
    void context.journal.refused({ viewer: iss, sid, oh: refused.hash, code: fault.code })
    const win = fault.code === 'stale_win' ? context.window.nonces()[0] : undefined
    const reply = { refuse: await sealRefusal(context.cam, refused, fault.code as RefuseCode, win) }
    // Its sid is used up: a copy of it hears the same again, and not "replay".
    if (win === undefined) refusals.set(refused.hash, reply)
    return reply
  }

  const watching = (): number =>
    [...sessions.values()].filter(({ state, plays }) => state === 'live' && plays).length

  function open(accepted: AcceptedOffer): Promise<OfferReply> {
    const { hash } = accepted.offer
    const ended = new AbortController()
    const answered = Promise.withResolvers<OfferReply>()
    const session: Session = {
      accepted,
      state: 'verified',
      plays: accepted.offer.payload.start !== 'hold',
      rights: accepted.rights,
      onRights: () => undefined,
      answer: answered.promise,
      close: code => ended.abort(code),
    }
    sessions.set(hash, session)
    const look = (): void => context.onViewers(watching())
    const enter = (event: CameraEvent): void => {
      session.state = next(cameraTable, session.state, event) ?? 'closing'
      look()
    }
    const run = (seat?: Seat) => serve(context, session, { answered, enter, look, ended, seat })
    const served = seated(context.load, accepted, ended.signal, run)
      .catch(error => {
        if (error instanceof RefusedOffer) return answered.resolve(refuse(error))
        answered.reject(error)
        context.onCount(faultCode(error))
      })
      .finally(() => {
        sessions.delete(hash)
        enter('close')
        context.onCount('closed', String(ended.signal.reason ?? 'peer'))
        serving.delete(served)
      })
    serving.add(served)
    return answered.promise
  }

  return {
    offer,
    recheck: () => {
      for (const session of sessions.values()) {
        const now = verdict(context, session.accepted.viewer)
        if (typeof now === 'string') session.close(now)
        else reduce(session, now)
      }
    },
    watching,
    close: (code = 'shutdown') => {
      for (const session of sessions.values()) session.close(code)
    },
    settled: async () => void (await Promise.all(serving)),
  }
}

/** Rights that the policy took go at once; those it gave come with the next session. */
function reduce(session: Session, now: readonly Right[]): void {
  const left = session.rights.filter(right => now.includes(right))
  if (left.length === session.rights.length) return
  session.rights = left
  session.onRights()
}

/** One session from verified offer to end: the camera's whole side of a live view. */
async function serve(
  context: ServeContext,
  session: Session,
  outcome: {
    answered: PromiseWithResolvers<OfferReply>
    enter: (event: CameraEvent) => void
    look: () => void
    ended: AbortController
    seat: Seat | undefined
  },
): Promise<void> {
  const { accepted } = session
  const { answered, enter, look, ended, seat } = outcome
  const { signal } = ended
  // Not the session's own signal: the peer must outlive it by the one message that says why.
  const own = new AbortController().signal
  const sound = context.sound !== false && session.rights.includes('audio')
  const peer = await acceptOffer(accepted.sdp, { ...context.peerOptions, sound, seat, signal: own })
  let liveSince: number | undefined
  const becomeLive = async (): Promise<void> => {
    await within(CONFIRMING_MS, logLive(context, accepted), ended)
    if (signal.aborted) return
    liveSince = performance.now()
    session.plays = true
    look()
    context.onCount('live')
  }
  void peer.closed.then(reason => ended.abort(reason))
  try {
    const exp = sessionEnd(context, accepted.viewer)
    const n = context.policies.current()?.policy.n ?? 1
    const sdp = peer.answer
    const answer = await sealAnswer(context.cam, accepted.offer, { n, r: [...session.rights], exp, sdp })
    const th = await transcript(accepted.offer.hash, await envelopeHash(answer))
    const confirm = confirmed(peer, { camId: context.cam.id, accepted, th }, signal)
    confirm.catch(() => undefined)
    enter('answer_sealed')
    answered.resolve({ answer })

    await within(CONNECTING_MS + CONFIRMING_MS, peer.open, ended)
    enter('proved')
    await within(CONFIRMING_MS, confirm, ended)
    const refused = verdict(context, accepted.viewer)
    if (typeof refused === 'string') return ended.abort(refused)
    // A held session shows nothing yet: its line is written when it plays.
    if (accepted.offer.payload.start !== 'hold') await becomeLive()
    // What ended the session while the line was written is heard here: nobody listens yet.
    if (signal.aborted) return
    enter('confirmed')
    await live(context, peer, session, { th, exp, ended, becomeLive })
  } finally {
    const reason: unknown = signal.reason
    ended.abort('closed')
    const path = pathOf(peer)
    await end(peer, isEndedCode(reason) ? reason : 'not_confirmed')
    const s = liveSince === undefined ? 0 : Math.max(1, Math.round((performance.now() - liveSince) / 1000))
    const { sid } = accepted.offer.payload
    const why = typeof reason === 'string' ? reason : 'not_confirmed'
    if (s > 0) context.onWay(path === 'relay' ? 'relayed' : 'direct')
    // Somebody stood in between: counted in the signed heads, where `scope` finds it as an attempt.
    if (why === 'possession_failed') context.journal.ignored(why)
    // Who only waited has seen nothing, and is no line.
    if (session.state !== 'live' || session.plays)
      await context.journal.close({ viewer: accepted.viewer, sid, reason: why, s, path })
  }
}

/** On disk before the first picture leaves: nobody watches without a line about it. */
async function logLive(context: ServeContext, { viewer, offer }: AcceptedOffer): Promise<void> {
  const policy = context.policies.current()
  const { sid } = offer.payload
  await context.journal.live({ viewer, sid, oh: offer.hash, n: policy?.policy.n ?? 1 })
  if (policy?.viewers.has(viewer)) return
  context.journal.foreign()
  throw new ProtocolFault('unknown_viewer', 'iss', 'this must not happen: report it')
}

type Running = { th: string; exp: number; ended: AbortController; becomeLive: () => Promise<void> }

async function live(
  context: ServeContext,
  peer: CameraPeer,
  session: Session,
  { th, exp, ended, becomeLive }: Running,
): Promise<void> {
  const { sid, start } = session.accepted.offer.payload
  const timer = setTimeout(() => ended.abort('expired'), Math.max(0, exp * 1000 - Date.now()))
  peer.inbound.allow(() => session.rights.includes('talk'))
  const mayHear = (): boolean => session.rights.includes('audio')
  peer.sound?.allow(mayHear)
  tell(peer, { t: 'confirmed', sid, th })
  const recheck = play(
    peer,
    context.share,
    {
      th,
      hold: start === 'hold',
      onPlay: becomeLive,
      control: context.control,
      mayHear,
      onBye: () => ended.abort('bye'),
      onFault: () => ended.abort('protocol'),
    },
    ended.signal,
  )
  session.onRights = () => {
    recheck()
    tell(peer, { t: 'rights', r: [...session.rights] })
  }
  await new Promise(resolve => ended.signal.addEventListener('abort', resolve, { once: true }))
  clearTimeout(timer)
}
