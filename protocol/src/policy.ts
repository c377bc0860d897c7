import { openEnvelope, type Verified } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import { importPublicKey, type KeyId, keyId, type PublicKey } from './ids.ts'
import { CLOCK_MAX_AHEAD_S, POLICY_MAX_BYTES, POLICY_MAX_ENTRIES, ROOT_EPOCH_JUMP } from './limits.ts'
import type { Payload, Policy, Right } from './messages.ts'

type ViewerEntry = Policy['viewers'][number]
type InviteEntry = Policy['invites'][number]

/** A policy in force, its keys found by thumbprint. */
export type PolicyInForce = {
  readonly policy: Policy
  readonly hash: string
  readonly root: PublicKey
  readonly admins: ReadonlyMap<KeyId, PublicKey>
  readonly viewers: ReadonlyMap<KeyId, ViewerEntry>
  readonly invites: ReadonlyMap<KeyId, InviteEntry>
}

const byId = async <T extends { k: PublicKey }>(entries: readonly T[]): Promise<Map<KeyId, T>> =>
  new Map(await Promise.all(entries.map(async entry => [await keyId(entry.k), entry] as const)))

export async function enforce(verified: Verified<'os1-policy'>, root: PublicKey): Promise<PolicyInForce> {
  const { payload: policy, hash } = verified
  const admins = await byId(policy.admins)
  return {
    policy,
    hash,
    root,
    admins: new Map([...admins].map(([id, entry]) => [id, entry.k])),
    viewers: await byId(policy.viewers),
    invites: await byId(policy.invites),
  }
}

/** The first policy, inside pairing: n = 1, signed by the admin that pairs, which it names (PROTOCOL.md §5). */
export async function openFirstPolicy(
  jws: string,
  expected: { cam: KeyId; root: PublicKey; admin: PublicKey; view: PublicKey },
): Promise<PolicyInForce> {
  const admin = await keyId(expected.admin)
  await importPublicKey(expected.root)
  const verified = await openPolicy(
    jws,
    claims => (claims.iss === admin ? expected.admin : undefined),
    expected.cam,
  )
  const policy = await enforce(verified, expected.root)
  const { n, prev, root } = policy.policy
  if (n !== 1 || prev !== null) throw new ProtocolFault('bad_epoch', 'n', 'the first policy is number 1')
  if (root !== (await keyId(expected.root)))
    throw new ProtocolFault('bad_key', 'root', 'name the root of this pairing')
  if (!policy.admins.has(admin) || !policy.viewers.has(await keyId(expected.view)))
    throw new ProtocolFault('bad_key', 'admins', 'the pairing device must be in its own first policy')
  return policy
}

/**
 * The successor of a policy: signed by one of its admins with the next number and the right `prev`, or by root with
 * any number up to 2^20 ahead. The root never changes.
 * @throws ProtocolFault bad_epoch, bad_hash, bad_key, limit and those of `openEnvelope`
 */
export async function openNextPolicy(jws: string, current: PolicyInForce): Promise<PolicyInForce> {
  const root = await keyId(current.root)
  const verified = await openPolicy(
    jws,
    claims => (claims.iss === root ? current.root : current.admins.get(claims.iss)),
    current.policy.cam,
  )
  const { payload } = verified
  if (payload.root !== root)
    throw new ProtocolFault('bad_key', 'root', 'the root changes only by a reset on the camera')
  const ahead = payload.n - current.policy.n
  if (payload.iss === root) {
    if (ahead < 1 || ahead > ROOT_EPOCH_JUMP)
      throw new ProtocolFault('bad_epoch', 'n', 'root goes forward, by at most 2^20')
    if (payload.prev !== null) throw new ProtocolFault('bad_hash', 'prev', 'root names no predecessor')
  } else {
    if (ahead !== 1)
      throw new ProtocolFault('bad_epoch', 'n', 'fetch the policy in force and count one further')
    if (payload.prev !== current.hash)
      throw new ProtocolFault('bad_hash', 'prev', 'another admin was faster: apply the change on top of that')
  }
  return enforce(verified, current.root)
}

/** A policy this device stored itself, opened again after a start. */
export async function reopenPolicy(
  jws: string,
  stored: { root: PublicKey; signer: PublicKey; cam: KeyId },
): Promise<PolicyInForce> {
  const verified = await openPolicy(jws, () => stored.signer, stored.cam)
  if (verified.payload.root !== (await keyId(stored.root)))
    throw new ProtocolFault('bad_key', 'root', 'reset this camera: its stored policy belongs to another root')
  return enforce(verified, stored.root)
}

async function openPolicy(
  jws: string,
  resolve: (claims: Payload<'os1-policy'>) => PublicKey | undefined,
  cam: KeyId,
): Promise<Verified<'os1-policy'>> {
  if (jws.length > POLICY_MAX_BYTES)
    throw new ProtocolFault('limit', 'policy', `keep it within ${POLICY_MAX_BYTES} bytes`)
  const verified = await openEnvelope('os1-policy', jws, resolve)
  const { admins, viewers, hubs, invites, cam: named } = verified.payload
  if (named !== cam) throw new ProtocolFault('wrong_aud', 'cam', 'send it to the camera it names')
  const keys = [...admins, ...viewers, ...hubs, ...invites].map(entry => entry.k)
  if (keys.length > POLICY_MAX_ENTRIES)
    throw new ProtocolFault('limit', 'viewers', `at most ${POLICY_MAX_ENTRIES} entries in all`)
  if (new Set(keys.map(key => key.x)).size !== keys.length)
    throw new ProtocolFault('bad_key', 'viewers', 'each key stands in one list, once')
  if (admins.length === 0) throw new ProtocolFault('bad_key', 'admins', 'keep at least one admin')
  await Promise.all(keys.map(importPublicKey))
  return verified
}

/** What the camera believes of the time: seconds, and whether the system clock is plausible (PROTOCOL.md §6). */
export type Clock = { now: number; plausible: boolean }

/** The floor only rises. A system clock below it, or far above it, is not truth. */
export const judgeClock = (system: number, floor: number): Clock => ({
  now: system,
  plausible: system >= floor && system <= floor + CLOCK_MAX_AHEAD_S,
})

/**
 * An entry without times needs no clock; one with times is refused while the clock is not plausible.
 * @throws ProtocolFault clock, expired
 */
export function withinTime(
  entry: { nbf?: number | undefined; exp?: number | undefined },
  clock: Clock,
): void {
  if (entry.nbf === undefined && entry.exp === undefined) return
  if (!clock.plausible) throw new ProtocolFault('clock', 'iat', 'set the clock of the camera')
  if (clock.now < (entry.nbf ?? 0) || clock.now >= (entry.exp ?? Number.POSITIVE_INFINITY))
    throw new ProtocolFault('expired', 'exp', 'ask the owner for a new invitation')
}

/**
 * The rights a viewer has now.
 * @throws ProtocolFault unknown_viewer, clock, expired, private, no_right
 */
export function rightsOf(policy: PolicyInForce, viewer: KeyId, clock: Clock): readonly Right[] {
  const entry = policy.viewers.get(viewer)
  if (!entry) throw new ProtocolFault('unknown_viewer', 'iss', 'ask the owner to let this key in')
  withinTime(entry, clock)
  if (policy.policy.privacy)
    throw new ProtocolFault('private', 'privacy', 'the owner has switched this camera to private')
  if (!entry.r.includes('view'))
    throw new ProtocolFault('no_right', 'r', 'ask the owner for the right to view')
  return entry.r
}
