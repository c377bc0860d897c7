import { join } from 'node:path'
import { seal } from '@ownsight/protocol/envelope'
import type { KeyPair, PublicKey } from '@ownsight/protocol/ids'
import { id22, id43, publicKey } from '@ownsight/protocol/messages'
import { openNextPolicy, type PolicyInForce, reopenPolicy } from '@ownsight/protocol/policy'
import * as v from 'valibot'
import { AgentError } from './agent-error.ts'
import { readIfPresent, writeDurably } from './durable-file.ts'
import { parseJson } from './keystore.ts'
import { step } from './steps.ts'

/** Everything a paired camera must not forget, in one file replaced as a whole. */
const stateFile = v.strictObject({
  schema: v.literal(1),
  camId: id43,
  root: publicKey,
  policy: v.string(),
  signer: publicKey,
  /** names the account binding on the server; no right */
  ticket: v.nullable(id22),
  bound: v.boolean(),
  /** seconds: the newest time this camera has reason to believe in */
  floor: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})
export type CameraState = v.InferOutput<typeof stateFile>

export type PolicyStore = {
  readonly current: () => PolicyInForce | undefined
  readonly state: () => CameraState | undefined
  /** Pairing's commit: durable before the ack exists. */
  pair(paired: PolicyInForce, jws: string, signer: PublicKey, ticket: string | null): Promise<string>
  /** An owner's update: checked, durable, in force, acknowledged, in that order. Throws ProtocolFault. */
  update(jws: string): Promise<string>
  markBound(): Promise<void>
  saveFloor(floor: number): Promise<void>
}

/** Opens the state of one camera. State that names another key is the rest of an interrupted reset, and ignored. */
export async function openPolicyStore(folder: string, cam: KeyPair): Promise<PolicyStore> {
  const path = join(folder, 'state.json')
  let state = await loadState(path, cam)
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

  return {
    current: () => inForce,
    state: () => state,
    pair: (paired, jws, signer, ticket) =>
      inTurn(async () => {
        if (state) throw new AgentError('pairing', 'this camera is paired already')
        step('pair.third.accepted')
        const floor = paired.policy.iat
        await save({
          schema: 1,
          camId: cam.id,
          root: paired.root,
          policy: jws,
          signer,
          ticket,
          bound: false,
          floor,
        })
        inForce = paired
        step('pair.committed')
        return ack(paired)
      }),
    update: jws =>
      inTurn(async () => {
        if (!state || !inForce) throw new AgentError('pairing', 'this camera is not paired')
        if (jws === state.policy) return ack(inForce)
        const next = await openNextPolicy(jws, inForce)
        step('policy.accepted')
        const signer =
          next.policy.iss === inForce.policy.root ? inForce.root : inForce.admins.get(next.policy.iss)
        if (!signer) throw new AgentError('policy', 'the signer of an accepted policy must be known')
        await save({ ...state, policy: jws, signer, floor: Math.max(state.floor, next.policy.iat) })
        inForce = next
        step('policy.committed')
        return ack(next)
      }),
    markBound: async () => void (await change(() => ({ bound: true, ticket: null }))),
    saveFloor: async floor => void (await change(current => ({ floor: Math.max(current.floor, floor) }))),
  }
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

async function loadState(path: string, cam: KeyPair): Promise<CameraState | undefined> {
  const text = await readIfPresent(path)
  if (text === undefined) return undefined
  const value = parseJson(text, path)
  const parsed = v.safeParse(stateFile, value)
  if (!parsed.success) {
    const schema = (value as { schema?: unknown } | null)?.schema
    throw new AgentError(
      'data',
      typeof schema === 'number' && schema > 1
        ? `${path} was written by a newer camera agent: update the camera agent.`
        : `${path} is damaged: restore it from a backup, or reset this camera.`,
    )
  }
  return parsed.output.camId === cam.id ? parsed.output : undefined
}
