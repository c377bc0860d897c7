import assert from 'node:assert/strict'
import { seal } from '@ownsight/protocol/envelope'
import { faultCode } from '@ownsight/protocol/errors'
import type { KeyPair } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import { openNextPolicy, type PolicyInForce } from '@ownsight/protocol/policy'
import { openRead, sealStatus } from '@ownsight/protocol/read'
import type { Way } from '../../../viewer/src/policies.ts'
import { type Home, inForce } from '../protocol/fixtures.ts'

/** A camera of the real protocol functions, without disk and network. */
export async function fakeCamera(home: Home, change: Partial<Policy>) {
  let current: PolicyInForce = await inForce(home, change)
  let jws = await seal('os1-policy', current.policy, home.admin.sign)
  const keys = new Map<string, KeyPair>([[home.admin.id, home.admin]])
  const real: Way = {
    async read(read) {
      try {
        const { iss, no } = await openRead(read, { camId: home.cam.id, policy: current })
        const signer = keys.get(current.policy.iss)
        assert.ok(signer)
        const status = await sealStatus(home.cam, {
          aud: iss,
          no,
          n: current.policy.n,
          ph: current.hash,
          signer: signer.publicKey,
          fw: 'test',
          watching: 0,
          waiting: [],
          head: { i: 1, h: current.hash },
        })
        return { policy: jws, status }
      } catch (error) {
        return { refused: faultCode(error) }
      }
    },
    async policy(policy) {
      try {
        current = await openNextPolicy(policy, current)
        jws = policy
        const { n } = current.policy
        return {
          ack: await seal('os1-ack', { v: 1, iss: home.cam.id, n, ph: current.hash, iat: 1 }, home.cam.sign),
        }
      } catch (error) {
        return { refused: faultCode(error) }
      }
    },
  }
  let turn: Promise<unknown> = Promise.resolve()
  /** One at a time, as the camera's own store does it. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
  const way: Way = {
    read: read => inTurn(() => real.read(read)),
    policy: policy => inTurn(() => real.policy(policy)),
  }
  return { way, keys, policy: () => current }
}

export const offline: Way = {
  read: async () => ({ hint: 'offline' }),
  policy: async () => ({ hint: 'offline' }),
}
