import type { Page } from 'playwright-core'
import type { Moments } from './moments.ts'

/** One way from a tap to a picture, in a page of its own. */
export type Way = {
  readonly name: string
  readonly page: Page
  /** Does what has to be done before the tap, and taps. */
  tap(): Promise<void>
  /** Leaves the picture, and waits until the sender has let go. */
  leave(): Promise<void>
}

/** What each run of a way took. */
export type Measured = { readonly name: string; readonly runs: Moments[] }
