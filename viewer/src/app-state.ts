import { signal } from '@preact/signals'
import { type Account, api } from './api.ts'
import type { StartLink } from './fragment.ts'
import { type Home, openHome } from './home.ts'

/** Which page is up. One account at a time; leaving it disposes of all of it. */
export type Page =
  | { name: 'loading' }
  | { name: 'insecure' }
  | { name: 'sign-in'; setup: boolean; note?: string }
  | { name: 'cameras' }
  | { name: 'pair' }
  | { name: 'kit'; after: 'pair' | 'cameras' }
  | { name: 'live'; camId: string }

export const page = signal<Page>({ name: 'loading' })
export const home = signal<Home | undefined>(undefined)
/** A pairing the start link brought, to be done once signed in. */
export const startPairing = signal<{ code: string; name: string } | undefined>(undefined)

const tabs = new BroadcastChannel('ownsight')

/** Other tabs share the session cookie: what one signs out of, or switches to, ends the others' account too. */
export function followOtherTabs(): void {
  tabs.addEventListener('message', ({ data }) => {
    if (data !== home.value?.account.id) leave({ name: 'sign-in', setup: false })
  })
}

export async function enter(account: Account): Promise<void> {
  tabs.postMessage(account.id)
  home.value?.dispose()
  home.value = undefined
  home.value = await openHome(account)
  page.value = startPairing.value ? { name: 'pair' } : { name: 'cameras' }
}

function leave(next: Page): void {
  home.value?.dispose()
  home.value = undefined
  startPairing.value = undefined
  page.value = next
}

export async function signOut(): Promise<void> {
  leave({ name: 'sign-in', setup: false })
  tabs.postMessage('')
  await api.signOut().catch(() => undefined)
}

export async function start(link: StartLink | 'refused' | undefined): Promise<void> {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) {
    page.value = { name: 'insecure' }
    return
  }
  const refused = link === 'refused' ? 'This link works only on the machine that printed it.' : undefined
  try {
    if (typeof link === 'object') {
      startPairing.value = link.pairing
      const { account } = await api.signIn({ token: link.token })
      return await enter(account)
    }
    const { setup, account } = await api.state()
    if (account) return await enter(account)
    page.value = { name: 'sign-in', setup, ...(refused ? { note: refused } : {}) }
  } catch (error) {
    startPairing.value = undefined
    const { account, setup } = await api.state().catch(() => ({ account: null, setup: false }))
    if (account && !home.value) return void enter(account)
    page.value = { name: 'sign-in', setup, note: (error as Error).message }
  }
}
