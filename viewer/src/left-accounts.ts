/**
 * Whose keys this browser keeps, and which of those accounts was left. The server says who is signed in; that word
 * alone, from a session it kept or a stale cache, opens no account that nobody signed in to here or that was left, and
 * nobody who types another name is let into it.
 */
const PLACE = 'ownsight-accounts'

type Known = { [account: string]: { name: string; left: boolean } }

function read(): Known {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? '{}') as Known
  } catch {
    return {}
  }
}

const write = (known: Known): void => localStorage.setItem(PLACE, JSON.stringify(known))

const same = (one: string, other: string): boolean => one.trim().toLowerCase() === other.trim().toLowerCase()

/** How somebody came in: with a name typed just now, with a link's one-use token, or by the server's word alone. */
export type Entry = { name: string } | 'token' | 'session'

/** Whether this account may be opened here now. */
export function mayOpen(account: { id: string; name: string }, entry: Entry): boolean {
  const before = read()[account.id]
  if (entry === 'session') return before?.left === false
  return entry === 'token' || same(before?.name ?? account.name, entry.name)
}

export const opened = (account: { id: string; name: string }): void =>
  write({ ...read(), [account.id]: { name: account.name, left: false } })

/** Signed out of: one account, or every one when the page finds that nobody is signed in. */
export function leaveAccounts(): void {
  write(Object.fromEntries(Object.entries(read()).map(([id, { name }]) => [id, { name, left: true }])))
}
