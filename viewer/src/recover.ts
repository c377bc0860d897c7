import { ProtocolFault } from '@ownsight/protocol/errors'
import type { Reply } from '@ownsight/protocol/events'
import { type KeyId, type KeyPair, keyId, type PublicKey } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import { type PolicyChange, sealRootPolicy } from '@ownsight/protocol/policy-change'
import { type InForce, openAck, openStatus, sealRead } from '@ownsight/protocol/read'
import { parseKit, rootKeyPair, rosterKey } from '@ownsight/protocol/recovery'
import { openRoster, type People, type Roster } from '@ownsight/protocol/roster'

/** Taking control back with the recovery kit and nothing else (PROTOCOL.md §12). */

/** Why the kit could not be used; the message is the sentence to show. */
export class RecoverFault extends Error {
  override readonly name = 'RecoverFault'
}

/** What follows from the kit. The root key signs in this page only; it is never stored. */
export type Kit = {
  readonly root: KeyPair
  readonly roster: CryptoKey
  /** the cameras the kit's line names; none when the words were typed */
  readonly camIds: readonly string[]
}

/** @param input the kit's line, its whole file, or the 24 words. @throws RecoverFault */
export async function readKit(input: string): Promise<Kit> {
  const line = /os1-kit:\S*/.exec(input)?.[0]
  try {
    const { seed, camIds } = parseKit(line ?? input)
    const [root, roster] = await Promise.all([rootKeyPair(seed), rosterKey(seed)])
    seed.fill(0)
    return { root, roster, camIds }
  } catch {
    throw new RecoverFault(
      line
        ? 'This line is not whole. Copy all of it, from os1-kit: to its end.'
        : 'These are not the 24 words of a kit. Check each word and their order.',
    )
  }
}

export type OwnList = {
  readonly roster: Roster
  readonly people: People
  /** cameras that the kit names and the list does not have */
  readonly missing: number
}

/**
 * The list of cameras, if it was written under this kit. What a server says of its own is not a list.
 * @param floor the newest version this browser has seen
 * @throws RecoverFault
 */
export async function openOwnList(kit: Kit, sealed: string | null, floor: number): Promise<OwnList> {
  if (sealed === null)
    throw new RecoverFault(
      'The server has no list of cameras for this account. Are you signed in to the account that had them? Without the list this page cannot tell your cameras from others, so it restores none.',
    )
  try {
    const { roster, people } = await openRoster(kit.roster, sealed, floor)
    const known = new Set(roster.map(({ camId }) => camId))
    return { roster, people, missing: kit.camIds.filter(camId => !known.has(camId)).length }
  } catch (error) {
    if (error instanceof ProtocolFault && error.code === 'bad_epoch')
      throw new RecoverFault(
        'The server sent an older list of cameras than this browser has seen. It was not used.',
      )
    throw new RecoverFault(
      'This kit does not open the list of cameras that the server sent. It is the kit of another home, or the server sent a list that is not yours. Nothing was changed.',
    )
  }
}

/** A key that may watch now, and whether it should by default. */
export type Standing = {
  readonly id: KeyId
  readonly name: string
  /** `device`: may change things; `unknown`: has no name in the list */
  readonly kind: 'device' | 'person' | 'unknown'
}

/** Who may watch by this policy. One of your devices, or a key without a name, does not stay unless you say so. */
export async function standingOf(policy: Policy, people: People): Promise<Standing[]> {
  return Promise.all(
    policy.viewers.map(async ({ k }) => {
      const id = await keyId(k)
      const person = people.find(({ view }) => view === id)
      if (!person)
        return { id, name: `A device without a name (${id.slice(0, 4)}…)`, kind: 'unknown' as const }
      return { id, name: person.name, kind: person.admin ? ('device' as const) : ('person' as const) }
    }),
  )
}

export type Asking = {
  (kind: 'read', request: { cam: string; read: string }): Promise<Reply<'read'>>
  (kind: 'policy', request: { cam: string; policy: string }): Promise<Reply<'policy'>>
}

/** Why a camera is not restored: it does not answer, another answered in its place, or it knows another kit. */
export type Trouble = 'offline' | 'foreign' | 'refused'

type Pinned = { camId: KeyId; key: PublicKey }

/** What is in force, in the camera's own words, asked with the kit's key. */
export async function askAsRoot(ask: Asking, kit: Kit, camera: Pinned): Promise<InForce | Trouble> {
  const { camId, key } = camera
  const { read, no } = await sealRead(kit.root, { camId, what: 'policy' })
  const reply = await ask('read', { cam: camId, read })
  if ('refused' in reply) return 'refused'
  if ('hint' in reply) return 'offline'
  try {
    return await openStatus(reply, { camId, pin: key, asker: kit.root.id, no })
  } catch {
    return 'foreign'
  }
}

const ROUNDS = 4

/**
 * Makes this device the only one that may change the camera, and leaves watching to `keep` alone. When somebody changes
 * it meanwhile, the same is done on top of that: who was let in by others is out.
 */
export async function restoreCamera(
  ask: Asking,
  options: {
    kit: Kit
    camera: Pinned
    device: { admin: PublicKey; view: PublicKey }
    keep: ReadonlySet<KeyId>
  },
): Promise<'restored' | Trouble> {
  const { kit, camera, device, keep } = options
  let sent: string | undefined
  let trouble: Trouble = 'offline'
  for (let round = 0; round < ROUNDS; round++) {
    const inForce = await askAsRoot(ask, kit, camera)
    if (typeof inForce === 'string') return inForce
    // The camera has it, only its confirmation was lost.
    if (inForce.hash === sent) return 'restored'
    const stays = new Set([...keep, await keyId(device.view)])
    const next = await sealRootPolicy(kit.root, inForce, device, await removals(inForce.policy, stays))
    sent = next.hash
    const reply = await ask('policy', { cam: camera.camId, policy: next.jws })
    if ('ack' in reply) {
      const expected = { camId: camera.camId, pin: camera.key, ph: next.hash }
      if (await openAck(reply.ack, expected).catch(() => undefined)) return 'restored'
      trouble = 'foreign'
    } else trouble = 'refused' in reply ? 'refused' : 'offline'
  }
  return trouble
}

/** Everyone who is not to stay, open invitations among them: whoever made them may be why the kit is needed. */
async function removals(policy: Policy, stays: ReadonlySet<KeyId>): Promise<PolicyChange[]> {
  const entries = [...policy.viewers, ...policy.hubs, ...policy.invites]
  const ids = await Promise.all(entries.map(({ k }) => keyId(k)))
  return ids.filter(id => !stays.has(id)).map(k => ({ op: 'remove', k }))
}
