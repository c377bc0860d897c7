import { envelopeHash, seal } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import { type KeyId, type KeyPair, keyId, type PublicKey } from './ids.ts'
import type { Policy, Right } from './messages.ts'

/**
 * What an owner does to a policy, as an operation and not as a document: when another admin was faster, the same
 * operation is applied to the winner's document, so nothing is lost (PROTOCOL.md §6).
 */
export type PolicyChange =
  | { op: 'admit'; k: PublicKey; r: readonly Right[]; nbf?: number; exp?: number; inv?: KeyId }
  /** takes a key out of every list it stands in */
  | { op: 'remove'; k: KeyId }
  | { op: 'rights'; k: KeyId; r: readonly Right[]; nbf?: number; exp?: number }
  | { op: 'invite'; k: PublicKey; r: readonly Right[]; nbf?: number; exp: number }
  | { op: 'add-admin'; admin: PublicKey; view: PublicKey }
  | { op: 'privacy'; on: boolean }

export const ALL_RIGHTS: readonly Right[] = ['view', 'audio', 'talk', 'snapshot', 'ptz']

type Draft = Pick<Policy, 'admins' | 'viewers' | 'hubs' | 'invites' | 'hubsEnabled' | 'privacy'>

/** The document after one change; the same object when the change is in it already. */
export async function applyChange(policy: Draft, change: PolicyChange): Promise<Draft> {
  switch (change.op) {
    case 'admit': {
      const { op: _, k, inv, r, ...times } = change
      const rest = await withoutKeys(policy, [await keyId(k), ...(inv === undefined ? [] : [inv])])
      return { ...rest, viewers: [...rest.viewers, { k, r: [...r], ...times }] }
    }
    case 'remove':
      return withoutKeys(policy, [change.k])
    case 'rights': {
      const { k, r, nbf, exp } = change
      const times = { ...(nbf === undefined ? {} : { nbf }), ...(exp === undefined ? {} : { exp }) }
      const viewers = await Promise.all(
        policy.viewers.map(async entry =>
          (await keyId(entry.k)) === k ? { k: entry.k, r: [...r], ...times } : entry,
        ),
      )
      return { ...policy, viewers }
    }
    case 'invite': {
      const { op: _, k, r, ...times } = change
      const rest = await withoutKeys(policy, [await keyId(k)])
      return { ...rest, invites: [...rest.invites, { k, r: [...r], ...times }] }
    }
    case 'add-admin': {
      const rest = await withoutKeys(policy, [await keyId(change.admin), await keyId(change.view)])
      return {
        ...rest,
        admins: [...rest.admins, { k: change.admin }],
        viewers: [...rest.viewers, { k: change.view, r: [...ALL_RIGHTS] }],
      }
    }
    case 'privacy':
      return { ...policy, privacy: change.on }
  }
}

async function withoutKeys(policy: Draft, ids: readonly KeyId[]): Promise<Draft> {
  const keep = async <T extends { k: PublicKey }>(entries: readonly T[]): Promise<T[]> => {
    const kids = await Promise.all(entries.map(entry => keyId(entry.k)))
    return entries.filter((_, i) => !ids.includes(kids[i] ?? ''))
  }
  const [admins, viewers, hubs, invites] = await Promise.all([
    keep(policy.admins),
    keep(policy.viewers),
    keep(policy.hubs),
    keep(policy.invites),
  ])
  return { ...policy, admins, viewers, hubs, invites }
}

/**
 * Signs the successor of `current` with the changes in it, in order.
 * @throws ProtocolFault bad_key when no admin would be left
 */
export async function sealNextPolicy(
  admin: KeyPair,
  current: { policy: Policy; hash: string },
  changes: readonly PolicyChange[],
): Promise<{ jws: string; policy: Policy; hash: string }> {
  return sealChanged(admin, current, changes, { n: current.policy.n + 1, prev: current.hash })
}

/**
 * Root takes over: every former admin is out, `device` is in. Who else keeps watching is the caller's choice.
 * @param ahead how many epochs to jump, so that documents still under way lose (1 to 2^20)
 */
export async function sealRootPolicy(
  root: KeyPair,
  current: { policy: Policy },
  device: { admin: PublicKey; view: PublicKey },
  changes: readonly PolicyChange[],
  ahead = 16,
): Promise<{ jws: string; policy: Policy; hash: string }> {
  const policy = { ...current.policy, admins: [] }
  const all: PolicyChange[] = [{ op: 'add-admin', ...device }, ...changes]
  return sealChanged(root, { policy }, all, { n: policy.n + ahead, prev: null })
}

async function sealChanged(
  signer: KeyPair,
  current: { policy: Policy },
  changes: readonly PolicyChange[],
  place: { n: number; prev: string | null },
): Promise<{ jws: string; policy: Policy; hash: string }> {
  let draft: Draft = current.policy
  for (const change of changes) draft = await applyChange(draft, change)
  if (draft.admins.length === 0)
    throw new ProtocolFault('bad_key', 'admins', 'keep at least one device that may change things')
  const { v, cam, root } = current.policy
  const { admins, viewers, hubs, invites, hubsEnabled, privacy } = draft
  const iat = Math.floor(Date.now() / 1000)
  const head = { v, cam, root, iss: signer.id, ...place, iat }
  const policy: Policy = { ...head, admins, viewers, hubs, invites, hubsEnabled, privacy }
  const jws = await seal('os1-policy', policy, signer.sign)
  return { jws, policy, hash: await envelopeHash(jws) }
}
