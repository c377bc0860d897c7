import { type FaultCode, faultCode, ProtocolFault } from '@ownsight/protocol/errors'
import type { Reply } from '@ownsight/protocol/events'
import type { KeyPair } from '@ownsight/protocol/ids'
import type { Payload } from '@ownsight/protocol/messages'
import { openRead, sealStatus } from '@ownsight/protocol/read'
import { sealReleased } from '@ownsight/protocol/release'
import type { CameraClock } from './camera-clock.ts'
import type { CameraLog } from './camera-log.ts'
import type { Journal } from './journal.ts'
import { type PolicyStore, UsedInvite } from './policy-store.ts'
import { step } from './steps.ts'

/** Requests in work at once; whoever floods the camera is told to wait, and nothing piles up. */
const IN_WORK_MAX = 32

export type LogPage = { lines: string[]; more: boolean; head: string }

/**
 * What owners and guests ask of a camera besides pictures, whichever way it comes: by the server, or in a session.
 * Each envelope is judged by itself; who carried it counts for nothing.
 */
export type Control = {
  /**
   * Takes a policy, has every session judged by it, then replies: all in one go, so that the acknowledgement still
   * gets out where the policy ends the very session that brought it.
   */
  policy(jws: string, reply: (reply: Ack | Refused) => void): Promise<void>
  /** What is in force, for an admin. The log is not read this way. */
  read(jws: string): Promise<Status | Refused>
  /** The same inside the session with this transcript, and the log. */
  readInSession(jws: string, th: string): Promise<Status | LogPage | Refused>
  redeem(jws: string): Promise<Exclude<Reply<'redeem'>, { hint: unknown }>>
  /** Forgets this home: a new key, an empty log, and the last word of the old key as the reply. */
  release(jws: string, reply: (reply: { released: string } | Refused) => void): Promise<void>
}
type Refused = { refused: FaultCode }
type Ack = { ack: string }
export type Status = { policy: string; status: string }

export type ControlContext = {
  cam: KeyPair
  fw: string
  policies: PolicyStore
  clock: CameraClock
  log: CameraLog
  journal: Journal
  windows: () => readonly string[]
  watching: () => number
  /** a policy is in force: judge sessions and source by it, now */
  onPolicy: () => void
  /** what the beacon says has changed */
  onNews: () => void
  /** ends this identity, durably; rejects while it goes on */
  forget: () => Promise<void>
  onReleased: () => void
}

export function createControl(context: ControlContext): Control {
  const { cam, policies, journal, log } = context
  let inWork = 0

  async function bounded<T>(work: () => Promise<T>): Promise<T | Refused> {
    if (inWork >= IN_WORK_MAX) return { refused: 'busy' }
    inWork++
    try {
      return await work()
    } catch (error) {
      return { refused: faultCode(error) }
    } finally {
      inWork--
    }
  }

  async function take(jws: string): Promise<() => Ack> {
    const before = policies.current()
    const ack = await policies.update(jws, context.clock.after)
    const inForce = policies.current()
    if (!inForce || inForce === before) return () => ({ ack })
    // What was durable is in force at once, and the reply follows in the same go.
    return () => {
      context.clock.set(policies.state()?.floor ?? 0)
      context.onPolicy()
      void journal.policy(inForce).then(context.onNews)
      return { ack }
    }
  }

  async function statusOf(no: string, aud: string): Promise<Status> {
    const [state, inForce] = [policies.state(), policies.current()]
    if (!state || !inForce) throw new ProtocolFault('not_offering', 'cam', 'pair this camera first')
    const { n } = inForce.policy
    const status = await sealStatus(cam, {
      aud,
      no,
      n,
      ph: inForce.hash,
      signer: state.signer,
      fw: context.fw,
      watching: context.watching(),
      waiting: state.waiting,
      head: log.place(),
    })
    return { policy: state.policy, status }
  }

  async function asked(jws: string): Promise<Payload<'os1-read'>> {
    const policy = policies.current()
    if (!policy) throw new ProtocolFault('not_offering', 'cam', 'pair this camera first')
    return openRead(jws, { camId: cam.id, policy })
  }

  async function read(jws: string): Promise<Status> {
    const { what, no, iss } = await asked(jws)
    if (what !== 'policy') throw new ProtocolFault('no_right', 'what', 'read the log inside a session')
    return statusOf(no, iss)
  }

  async function readInSession(jws: string, th: string): Promise<Status | LogPage> {
    const question = await asked(jws)
    if (question.what === 'policy') return statusOf(question.no, question.iss)
    if (question.th !== th) throw new ProtocolFault('bad_hash', 'th', 'ask in the session of this channel')
    if (question.from === undefined) throw new ProtocolFault('bad_form', 'from', 'say where to begin')
    return log.page(question.from)
  }

  async function redeem(jws: string): Promise<{ redeemed: string }> {
    const now = { clock: context.clock.read(), windows: context.windows() }
    try {
      const { redeemed, inv, view, fresh } = await policies.redeem(jws, now)
      if (fresh) await journal.redeem({ inv, k: view, code: 'waiting' })
      if (fresh) context.onNews()
      return { redeemed }
    } catch (error) {
      if (error instanceof UsedInvite)
        await journal.redeem({ inv: error.inv, k: error.view, code: error.code })
      else journal.ignored(faultCode(error))
      throw error
    }
  }

  return {
    policy: async (jws, reply) => {
      const taken = await bounded(() => take(jws))
      reply(typeof taken === 'function' ? taken() : taken)
      if (typeof taken === 'function') step('policy.acked')
    },
    read: jws => bounded(() => read(jws)),
    readInSession: (jws, th) => bounded(() => readInSession(jws, th)),
    redeem: async jws => {
      const reply = await bounded(() => redeem(jws))
      if ('redeemed' in reply) step('redeem.acked')
      return reply
    },
    release: async (jws, reply) => {
      const released = await bounded(async () => {
        const { by, ph } = await policies.release(jws, context.forget)
        return { released: await sealReleased(cam, by, ph) }
      })
      reply(released)
      if ('refused' in released) return
      step('reset.acked')
      context.onReleased()
    },
  }
}
