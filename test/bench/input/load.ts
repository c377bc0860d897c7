import type { KeyPair } from '@ownsight/protocol/ids'
import type { Chance } from './chance.ts'
import type { Place } from './viewer-tap.ts'

/** How much of each: the promise's own numbers, or enough to show that nothing gives way. */
export type Amounts = {
  readonly silentSockets: number
  readonly logins: number
  readonly huge: number
  readonly messages: number
  readonly readers: number
  readonly packets: number
}
export const LONG: Amounts = {
  silentSockets: 1000,
  logins: 500,
  huge: 100,
  messages: 20_000,
  readers: 300,
  packets: 1_000_000,
}
export const SHORT: Amounts = {
  silentSockets: 200,
  logins: 100,
  huge: 12,
  messages: 400,
  readers: 60,
  packets: 50_000,
}

export type Setting = {
  readonly origin: string
  readonly amounts: Amounts
  readonly by: Chance
  /** a device that the server knows, of a stranger's account, more of them, and a camera of that account */
  readonly viewer: KeyPair
  readonly devices: readonly KeyPair[]
  readonly camera: { auth: KeyPair; key: KeyPair }
  /** the sessions of honest viewers: where the camera listens, and what passed there */
  readonly media: readonly { place: Place; packets: readonly Buffer[] }[]
  /** Enough time has passed: end once the amount is reached. */
  readonly signal: AbortSignal
}
/** Resolves with what was sent, in words. */
export type Load = (setting: Setting) => Promise<string>

/** An address of its own for each `i`, a household as far as limits go. */
export const home = (i: number): string => `127.0.${20 + (Math.floor(i / 250) % 200)}.${1 + (i % 250)}`

/** `work` again and again, `side by side` at once, until the amount is reached and the time is up. */
export async function repeat(
  { signal }: Setting,
  amount: number,
  sideBySide: number,
  work: (i: number) => Promise<unknown>,
): Promise<number> {
  let begun = 0
  let done = 0
  const lane = async (): Promise<void> => {
    while (begun < amount || !signal.aborted) {
      await work(begun++)
      done++
    }
  }
  await Promise.all(Array.from({ length: sideBySide }, lane))
  return done
}
