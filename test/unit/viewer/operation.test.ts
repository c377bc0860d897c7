import assert from 'node:assert/strict'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import type { PolicyChange } from '@ownsight/protocol/policy-change'
import { type Operation, sortOut } from '../../../viewer/src/operation.ts'
import { firstPolicy, newHome } from '../protocol/fixtures.ts'

describe('viewer: operations', () => {
  let anna: KeyPair
  let policy: Policy
  before(async () => {
    anna = await generateKeyPair()
    policy = firstPolicy(await newHome(), { n: 7 })
    policy.viewers.push({ k: anna.publicKey, r: ['view'], exp: 2_000_000_000 })
  })
  let ids = 0
  const operation = (change: PolicyChange, more: Partial<Operation> = {}): Operation => ({
    id: ++ids,
    cam: policy.cam,
    changes: [change],
    label: change.op,
    since: 0,
    unsure: false,
    ...more,
  })
  async function judge(current: Policy, ...operations: Operation[]): Promise<string[]> {
    const sorted = await sortOut({ policy: current, hash: '' }, operations)
    return operations.map(each =>
      sorted.done.includes(each) ? 'done' : sorted.due.includes(each) ? 'due' : 'unsure',
    )
  }
  const tried = { tried: 5 }
  const remove = () => ({ op: 'remove' as const, k: anna.id })

  it('what takes something away is done however often it was tried', async () => {
    const verdicts = await judge(
      policy,
      operation(remove(), tried),
      operation({ op: 'privacy', on: true }, tried),
    )
    assert.deepEqual(verdicts, ['due', 'due'])
    const less = { op: 'rights' as const, k: anna.id, r: ['view' as const], exp: 1_900_000_000 }
    assert.deepEqual(await judge(policy, operation(less, tried)), ['due'])
  })

  it('what gives something is asked about once a later document is in force', async () => {
    const other = await generateKeyPair()
    const giving: PolicyChange[] = [
      { op: 'admit', k: other.publicKey, r: ['view'] },
      { op: 'invite', k: other.publicKey, r: ['view'], exp: 2_000_000_000 },
      { op: 'add-admin', admin: other.publicKey, view: (await generateKeyPair()).publicKey },
      { op: 'rights', k: anna.id, r: ['view', 'talk'], exp: 2_000_000_000 },
      { op: 'rights', k: anna.id, r: ['view'] },
    ]
    for (const change of giving) {
      assert.deepEqual(await judge(policy, operation(change)), ['due'], change.op)
      assert.deepEqual(await judge(policy, operation(change, { tried: 7 })), ['due'], change.op)
      assert.deepEqual(await judge(policy, operation(change, tried)), ['unsure'], change.op)
    }
    const isPrivate = { ...policy, privacy: true }
    assert.deepEqual(await judge(isPrivate, operation({ op: 'privacy', on: false }, tried)), ['unsure'])
  })

  it('what is in force already is done, in whatever order it is written', async () => {
    const turned = { ...policy, viewers: policy.viewers.toReversed() }
    const change = { op: 'admit' as const, k: anna.publicKey, r: ['view' as const], exp: 2_000_000_000 }
    assert.deepEqual(await judge(turned, operation(change, tried)), ['done'])
  })

  it('two operations on one thing keep their order', async () => {
    const isPrivate = { ...policy, privacy: true }
    const verdicts = await judge(
      isPrivate,
      operation({ op: 'privacy', on: false }),
      operation({ op: 'privacy', on: true }),
    )
    assert.deepEqual(verdicts, ['due', 'due'])
    const twice = await judge(policy, operation(remove()), operation(remove()))
    assert.deepEqual(twice, ['due', 'due'])
  })
})
