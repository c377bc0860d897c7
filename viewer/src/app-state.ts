import { signal } from '@preact/signals'
import { type Account, api } from './api.ts'
import type { InviteLink, Link } from './fragment.ts'
import { type Home, openHome } from './home.ts'
import { type Entry, leaveAccounts, mayOpen, opened } from './left-accounts.ts'

/** Which page is up. One account at a time; leaving it disposes of all of it. */
export type Page =
  | { name: 'loading' }
  | { name: 'insecure' }
  | { name: 'sign-in'; setup: boolean; note?: string }
  | { name: 'cameras' }
  | { name: 'pair' }
  | { name: 'kit'; after: 'pair' | 'cameras' }
  | { name: 'live'; camId: string }
  | { name: 'camera'; camId: string }
  | { name: 'share'; camId: string }
  | { name: 'invited' }
  | { name: 'recover' }
  | { name: 'join' }
  | { name: 'devices' }
  | { name: 'add-device' }
  | { name: 'connection' }
  | { name: 'seen'; camId: string }
  | { name: 'reset'; token?: string }

export const page = signal<Page>({ name: 'loading' })
export const home = signal<Home | undefined>(undefined)
/** A pairing the start link brought, to be done once signed in. */
export const startPairing = signal<{ code: string; name: string } | undefined>(undefined)
/** An invitation a link brought, to be taken up once signed in. */
export const openedInvite = signal<InviteLink | undefined>(undefined)

const tabs = new BroadcastChannel('ownsight')

/** Other tabs share the session cookie: what one signs out of, or switches to, ends the others' account too. */
export function followOtherTabs(): void {
  tabs.addEventListener('message', ({ data }) => {
    if (data !== home.value?.account.id) leave({ name: 'sign-in', setup: false })
  })
}

/** @throws Error when the server answered for an account that is not the one asked for */
export async function enter(account: Account, entry: Entry): Promise<void> {
  if (!mayOpen(account, entry))
    throw new Error('The server answered for another account than yours. Nothing was opened. Sign in again.')
  opened(account)
  tabs.postMessage(account.id)
  home.value?.dispose()
  home.value = undefined
  home.value = await openHome(account)
  page.value = startPairing.value
    ? { name: 'pair' }
    : openedInvite.value
      ? { name: 'invited' }
      : { name: 'cameras' }
}

function leave(next: Page): void {
  home.value?.dispose()
  home.value = undefined
  startPairing.value = undefined
  openedInvite.value = undefined
  page.value = next
}

export async function signOut(): Promise<void> {
  leave({ name: 'sign-in', setup: false })
  leaveAccounts()
  tabs.postMessage('')
  await api.signOut().catch(() => undefined)
}

const NOTES = {
  refused: 'This link works only on the machine that printed it.',
  broken: 'This link is not whole. Open all of it, or ask for it again.',
} as const

export async function start(link: Link | 'refused' | 'broken' | undefined): Promise<void> {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) {
    page.value = { name: 'insecure' }
    return
  }
  const note = typeof link === 'string' ? { note: NOTES[link] } : {}
  try {
    if (typeof link === 'object' && 'token' in link) {
      startPairing.value = link.pairing
      const { account } = await api.signIn({ token: link.token })
      return await enter(account, 'token')
    }
    if (typeof link === 'object' && 'reset' in link) {
      // Whoever is signed in here stays so until the new password is set.
      if (home.value) leave({ name: 'loading' })
      page.value = { name: 'reset', token: link.reset }
      return
    }
    openedInvite.value = link && typeof link === 'object' ? link : undefined
    const { setup, account } = await api.state()
    if (account && mayOpen(account, 'session')) return await enter(account, 'session')
    leaveAccounts()
    page.value = openedInvite.value ? { name: 'invited' } : { name: 'sign-in', setup, ...note }
  } catch (error) {
    startPairing.value = undefined
    const { account, setup } = await api.state().catch(() => ({ account: null, setup: false }))
    if (account && !home.value && mayOpen(account, 'session')) return void enter(account, 'session')
    page.value = { name: 'sign-in', setup, note: (error as Error).message }
  }
}
