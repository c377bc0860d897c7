import type { PublicKey } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import { applyChange, type PolicyChange } from '@ownsight/protocol/policy-change'

/** One thing the owner did, kept until the camera has confirmed it (PROTOCOL.md §6). */
export type Operation = {
  readonly id: number
  readonly cam: string
  readonly changes: readonly PolicyChange[]
  /** what was done, as a person says it: "Anna removed" */
  readonly label: string
  /** milliseconds since the epoch */
  readonly since: number
  /** number of the newest document with it that left this device, whose fate is not known */
  readonly tried?: number
  /** true: the owner must say whether it is still wanted */
  readonly unsure: boolean
}

export type Sorted = { done: Operation[]; due: Operation[]; unsure: Operation[] }

/**
 * What each operation asks for now that `current` is known to be in force. What takes something away is applied
 * however often; what gives something is applied once: after that another device may have taken it away again.
 */
export async function sortOut(
  current: { policy: Policy; hash: string },
  operations: readonly Operation[],
): Promise<Sorted> {
  const sorted: Sorted = { done: [], due: [], unsure: [] }
  let draft: Draft = current.policy
  for (const operation of operations) {
    const after = await applyAll(draft, operation.changes)
    if (spelled(after) === spelled(draft)) {
      // In the queue before it, and not yet confirmed, is not done.
      sorted[(await isIn(current.policy, operation)) ? 'done' : 'due'].push(operation)
    } else if (
      operation.unsure ||
      after.admins.length === 0 ||
      isOvertaken(current, draft, after, operation)
    ) {
      sorted.unsure.push(operation)
    } else {
      sorted.due.push(operation)
      draft = after
    }
  }
  return sorted
}

type Draft = Parameters<typeof applyChange>[0]

async function applyAll(draft: Draft, changes: readonly PolicyChange[]): Promise<Draft> {
  let after = draft
  for (const change of changes) after = await applyChange(after, change)
  return after
}

const isIn = async (policy: Draft, { changes }: Operation): Promise<boolean> =>
  spelled(await applyAll(policy, changes)) === spelled(policy)

function isOvertaken(
  current: { policy: Policy; hash: string },
  before: Draft,
  after: Draft,
  operation: Operation,
): boolean {
  if (!gives(before, after)) return false
  const withdrawn = operation.changes.some(
    change =>
      change.op === 'admit' && change.inv !== undefined && spelled(before.invites) === spelled(after.invites),
  )
  // A document of just this number is known to have lost; under a later one it may have been in force for a while.
  return withdrawn || (operation.tried !== undefined && operation.tried < current.policy.n)
}

/** Whether somebody may do more after than before. */
function gives(before: Draft, after: Draft): boolean {
  if (before.privacy && !after.privacy) return true
  const lists = ['admins', 'viewers', 'invites'] as const
  return lists.some(list => {
    const known = new Map<string, Entry>(before[list].map(entry => [entry.k.x, entry]))
    return after[list].some((entry: Entry) => exceeds(entry, known.get(entry.k.x)))
  })
}

type Entry = { k: PublicKey; r?: readonly string[]; nbf?: number | undefined; exp?: number | undefined }

function exceeds(entry: Entry, before: Entry | undefined): boolean {
  if (!before) return true
  return (
    (entry.r ?? []).some(right => !before.r?.includes(right)) ||
    (entry.nbf ?? 0) < (before.nbf ?? 0) ||
    (entry.exp ?? Number.POSITIVE_INFINITY) > (before.exp ?? Number.POSITIVE_INFINITY)
  )
}

/** One spelling of what a policy says, whatever the order it says it in. */
function spelled(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spelled).sort().join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? ''
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members
    .map(([name, member]) => `${name}:${spelled(member)}`)
    .sort()
    .join()}}`
}
