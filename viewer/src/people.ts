import { type KeyId, keyId, type PublicKey } from '@ownsight/protocol/ids'
import type { Policy, Right } from '@ownsight/protocol/messages'
import type { People } from '@ownsight/protocol/roster'
import type { Operation } from './operation.ts'

/** A key that may watch, or an invitation for one: with the owner's name for it and what is still under way. */
export type Person = {
  readonly id: KeyId
  readonly key: PublicKey
  /** set for a device that may change things */
  readonly admin?: KeyId
  readonly name: string
  readonly rights: readonly Right[]
  /** seconds since the epoch */
  readonly from?: number
  readonly until?: number
  /** this browser */
  readonly self: boolean
  /** what was done to it here and is not confirmed */
  readonly pending?: Operation
}

type Own = { view: KeyId; admin: KeyId }

/** Who may watch, by the policy in force. */
export async function peopleOf(
  policy: Policy,
  known: { people: People; own: Own; pending: readonly Operation[] },
): Promise<Person[]> {
  const admins = new Set(await Promise.all(policy.admins.map(({ k }) => keyId(k))))
  const persons = await Promise.all(policy.viewers.map(entry => personOf(entry, known)))
  const adminOf = (id: KeyId): KeyId | undefined => {
    const admin = id === known.own.view ? known.own.admin : nameOf(known.people, id)?.admin
    return admin && admins.has(admin) ? admin : undefined
  }
  return persons.map(person => {
    const admin = adminOf(person.id)
    return admin ? { ...person, admin } : person
  })
}

/** Invitations that nobody has been let in by. */
export const invitationsOf = (
  policy: Policy,
  known: { people: People; own: Own; pending: readonly Operation[] },
): Promise<Person[]> => Promise.all(policy.invites.map(entry => personOf(entry, known)))

async function personOf(
  entry: Policy['viewers'][number],
  { people, own, pending }: { people: People; own: Own; pending: readonly Operation[] },
): Promise<Person> {
  const id = await keyId(entry.k)
  const about = pending.find(({ changes }) =>
    changes.some(change => (change.op === 'remove' || change.op === 'rights') && change.k === id),
  )
  return {
    id,
    key: entry.k,
    name: id === own.view ? 'This device' : (nameOf(people, id)?.name ?? `Unnamed (${id.slice(0, 6)})`),
    rights: entry.r,
    self: id === own.view,
    ...(entry.nbf === undefined ? {} : { from: entry.nbf }),
    ...(entry.exp === undefined ? {} : { until: entry.exp }),
    ...(about ? { pending: about } : {}),
  }
}

const nameOf = (people: People, id: KeyId): People[number] | undefined =>
  people.find(person => person.view === id)

/** The list of names with one more, in place of what stood for it before. */
export const named = (people: People, person: People[number], instead: KeyId = person.view): People => [
  ...people.filter(({ view }) => view !== person.view && view !== instead),
  person,
]

const WORDS: { [right in Right]: string } = {
  view: 'watch',
  audio: 'listen',
  talk: 'talk',
  snapshot: 'save pictures',
  ptz: 'move the camera',
}
export const rightWord = (right: Right): string => WORDS[right]

/** "May watch and listen" */
export function rightsSentence(rights: readonly Right[]): string {
  const words = rights.map(right => WORDS[right])
  if (words.length === 0) return 'May do nothing'
  const last = words.at(-1)
  return `May ${words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${last}` : last}`
}
