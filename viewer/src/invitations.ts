import { toBase64url, utf8 } from '@ownsight/protocol/bytes'
import { keyId } from '@ownsight/protocol/ids'
import { formatInvitation, inviteKeyPair, newInviteSecret } from '@ownsight/protocol/invite'
import { INVITE_MAX_S } from '@ownsight/protocol/limits'
import type { Payload, Right } from '@ownsight/protocol/messages'
import { api } from './api.ts'
import type { Home } from './home.ts'
import { named, type Person } from './people.ts'

/** The owner's half of sharing: invite, let in, turn away, take back (PROTOCOL.md §12). */

export type Wish = {
  /** who is invited, for the owner's list alone */
  name: string
  rights: readonly Right[]
  /** seconds since the epoch */
  from?: number
  /** null: family, without end once let in */
  until: number | null
}

/** How long a link for somebody without end may wait. */
const FAMILY_LINK_S = 7 * 86_400

/**
 * Makes the invitation and the link that carries its key. The link is not kept: whoever loses it is invited anew.
 * @throws ApiFault, ProtocolFault
 */
export async function invite(
  home: Home,
  camera: { camId: string; name: string },
  wish: Wish,
): Promise<{ link: string; exp: number }> {
  const { camId } = camera
  const secret = newInviteSecret()
  const { id, publicKey } = await inviteKeyPair(secret)
  const server = await api.inviteGuest(camId, wish.until)
  const now = Math.floor(Date.now() / 1000)
  const exp = Math.min(wish.until ?? now + FAMILY_LINK_S, now + INVITE_MAX_S)
  await home.keystore.saveWish(id, wish.until)
  await home.updateList(({ roster, people }) => ({
    roster,
    people: named(people, { view: id, name: wish.name }),
  }))
  const times = { exp, ...(wish.from === undefined ? {} : { nbf: wish.from }) }
  const change = { op: 'invite' as const, k: publicKey, r: wish.rights, ...times }
  await home.policies.keep(camId, [change], `${wish.name} invited`)
  const half = toBase64url(utf8(formatInvitation({ secret, camId, name: camera.name })))
  return {
    link: `${location.origin}/#invite=${half}.${server.invitation}`,
    exp: Math.min(exp, server.exp),
  }
}

type Waiting = Payload<'os1-status'>['waiting'][number]

/** Lets in the device that waits with an invitation. @param until seconds since the epoch, null for without end */
export async function admit(
  home: Home,
  camId: string,
  waiting: Waiting,
  invitation: Person,
  until: number | null,
): Promise<void> {
  const { k } = waiting
  const view = await keyId(k)
  await home.updateList(({ roster, people }) => ({
    roster,
    people: named(people, { view, name: invitation.name }, invitation.id),
  }))
  const times = {
    ...(invitation.from === undefined ? {} : { nbf: invitation.from }),
    ...(until === null ? {} : { exp: until }),
  }
  await home.policies.keep(
    camId,
    [{ op: 'admit', k, r: invitation.rights, ...times, inv: invitation.id }],
    `${invitation.name} let in`,
  )
}

/** Takes an invitation back, whether somebody waits with it or not. */
export const withdraw = (home: Home, camId: string, invitation: Person): Promise<void> =>
  home.policies.keep(
    camId,
    [{ op: 'remove', k: invitation.id }],
    `invitation for ${invitation.name} withdrawn`,
  )

/** Takes a person's device out; one that may change things loses that too. */
export const removePerson = (home: Home, camId: string, person: Person): Promise<void> =>
  home.policies.keep(
    camId,
    [{ op: 'remove', k: person.id }, ...(person.admin ? [{ op: 'remove' as const, k: person.admin }] : [])],
    `${person.name} removed`,
  )

/** Other rights, or another end. */
export const changeRights = (
  home: Home,
  camId: string,
  person: Person,
  wish: { rights: readonly Right[]; until: number | null },
): Promise<void> => {
  const times = {
    ...(person.from === undefined ? {} : { nbf: person.from }),
    ...(wish.until === null ? {} : { exp: wish.until }),
  }
  const change = { op: 'rights' as const, k: person.id, r: wish.rights, ...times }
  return home.policies.keep(camId, [change], `${person.name}'s rights changed`)
}
