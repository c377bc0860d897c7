import { join } from 'node:path'
import { seal } from '@ownsight/protocol/envelope'
import { ProtocolFault } from '@ownsight/protocol/errors'
import type { KeyId, KeyPair, PublicKey } from '@ownsight/protocol/ids'
import { openRedeem, sameKey, sealRedeemed } from '@ownsight/protocol/invite'
import { WAITING_MAX } from '@ownsight/protocol/limits'
import { type Clock, openNextPolicy, type PolicyInForce, reopenPolicy } from '@ownsight/protocol/policy'
import { adminKey } from '@ownsight/protocol/read'
import { openRelease } from '@ownsight/protocol/release'
import { AgentError } from './agent-error.ts'
import { writeDurably } from './durable-file.ts'
import { type CameraState, loadState, STATE_FILE, STATE_SCHEMA } from './state-file.ts'
import { step } from './steps.ts'

export type PolicyStore = {
  readonly current: () => PolicyInForce | undefined
  readonly state: () => CameraState | undefined
  /** Pairing's commit: durable before the ack exists. */
  pair(paired: PolicyInForce, jws: string, signer: PublicKey, ticket: string | null): Promise<string>
  /**
   * An owner's update: checked, durable, in force, acknowledged, in that order. Throws ProtocolFault.
   * @param floorAfter the time floor that a policy of this date leads to
   */
  update(jws: string, floorAfter?: (iat: number) => number): Promise<string>
  /** Ties a guest's view key to an invitation, once; durable before the reply exists. Throws ProtocolFault. */
  redeem(jws: string, now: { clock: Clock; windows: readonly string[] }): Promise<Redemption>
  /** Checks a release, has the camera forgotten by `forget`, and says who asked. Nothing is in force afterwards. */
  release(jws: string, forget: () => Promise<void>): Promise<{ by: KeyId; ph: string }>
  markBound(): Promise<void>
  saveFloor(floor: number): Promise<void>
}

/** @property fresh false where the same device asked again */
export type Redemption = { redeemed: string; inv: KeyId; view: KeyId; fresh: boolean }

/** Opens the state of one camera. State that names another key is the rest of an interrupted reset, and ignored. */
export async function openPolicyStore(folder: string, cam: KeyPair): Promise<PolicyStore> {
  const path = join(folder, STATE_FILE)
  let state = await loadState(path, cam.id)
  let inForce =
    state && (await reopenPolicy(state.policy, { root: state.root, signer: state.signer, cam: cam.id }))
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
  const save = async (next: CameraState): Promise<void> => {
    await writeDurably(path, JSON.stringify(next))
    state = next
  }
  const change = (part: (current: CameraState) => Partial<CameraState>) =>
    inTurn(async () => state && save({ ...state, ...part(state) }))
  const ack = (policy: PolicyInForce) =>
    seal('os1-ack', { v: 1, iss: cam.id, n: policy.policy.n, ph: policy.hash, iat: nowSeconds() }, cam.sign)
  const paired = (): { state: CameraState; inForce: PolicyInForce } => {
    if (!state || !inForce) throw new AgentError('pairing', 'this camera is not paired')
    return { state, inForce }
  }

  async function pair(first: PolicyInForce, jws: string, signer: PublicKey, ticket: string | null) {
    if (state) throw new AgentError('pairing', 'this camera is paired already')
    step('pair.third.accepted')
    const { root, policy } = first
    const rest = { camId: cam.id, root, policy: jws, signer, ticket, bound: false, floor: policy.iat }
    await save({ schema: STATE_SCHEMA, ...rest, waiting: [] })
    inForce = first
    step('pair.committed')
    return ack(first)
  }

  async function update(jws: string, floorAfter?: (iat: number) => number): Promise<string> {
    const now = paired()
    if (jws === now.state.policy) return ack(now.inForce)
    const next = await openNextPolicy(jws, now.inForce)
    step('policy.accepted')
    const { iat, iss } = next.policy
    const signer = adminKey(now.inForce, iss)
    if (!signer) throw new AgentError('policy', 'the signer of an accepted policy must be known')
    const floor = floorAfter ? floorAfter(iat) : Math.max(now.state.floor, iat)
    // A redemption ends with its invitation: admitted, or taken back.
    const waiting = now.state.waiting.filter(({ inv }) => next.invites.has(inv))
    await save({ ...now.state, policy: jws, signer, floor, waiting })
    inForce = next
    step('policy.committed')
    return ack(next)
  }

  async function redeem(jws: string, time: { clock: Clock; windows: readonly string[] }) {
    const now = paired()
    const checks = { camId: cam.id, policy: now.inForce, ...time }
    const { redeem: opened, view, viewId } = await openRedeem(jws, checks)
    const inv = opened.payload.iss
    const { waiting } = now.state
    const known = waiting.find(entry => entry.inv === inv)
    if (known && !sameKey(known.k, view)) throw new UsedInvite(inv, viewId)
    if (!known) {
      if (waiting.length >= WAITING_MAX)
        throw new ProtocolFault('limit', 'inv', 'ask the owner to answer those who wait already')
      step('redeem.accepted')
      await save({ ...now.state, waiting: [...waiting, { inv, k: view, at: nowSeconds() }] })
      step('redeem.committed')
    }
    return {
      redeemed: await sealRedeemed(cam, { aud: viewId, inv }),
      inv,
      view: viewId,
      fresh: known === undefined,
    }
  }

  async function release(jws: string, forget: () => Promise<void>) {
    const { iss, ph } = await openRelease(jws, { camId: cam.id, policy: paired().inForce })
    await forget()
    state = undefined
    inForce = undefined
    return { by: iss, ph }
  }

  return {
    current: () => inForce,
    state: () => state,
    pair: (...first) => inTurn(() => pair(...first)),
    update: (jws, floorAfter) => inTurn(() => update(jws, floorAfter)),
    redeem: (jws, time) => inTurn(() => redeem(jws, time)),
    release: (jws, forget) => inTurn(() => release(jws, forget)),
    markBound: async () => void (await change(() => ({ bound: true, ticket: null }))),
    saveFloor: async floor => void (await change(current => ({ floor: Math.max(current.floor, floor) }))),
  }
}

/** A second key for an invitation that is taken: somebody passed the link on. */
export class UsedInvite extends ProtocolFault {
  readonly inv: KeyId
  readonly view: KeyId
  constructor(inv: KeyId, view: KeyId) {
    super('used', 'inv', 'ask the owner for an invitation of your own')
    this.inv = inv
    this.view = view
  }
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000)
