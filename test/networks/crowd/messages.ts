import type { Pinned } from '../../../viewer/src/watch.ts'

/** One of the crowd: private keys as JWK, on their way between processes, and which of the cameras it will watch. */
export type Person = { readonly view: JsonWebKey; readonly auth: JsonWebKey; readonly camera: number }

/** Where all of them meet; `stun` is a URL. */
export type Place = { readonly origin: string; readonly stun: string }

export type ToOwner =
  | { do: 'sign up'; place: Place; token: string }
  | { do: 'pair'; code: string }
  | { do: 'let in'; people: readonly Person[] }
/** `watching`: every camera lets its people in, and has its source open; in the order in which they were paired */
export type FromOwner =
  | { is: 'signed up' }
  | { is: 'paired' }
  | { is: 'watching'; cameras: readonly Pinned[] }

export type ToViewers =
  | { do: 'connect'; place: Place; people: readonly Person[]; cameras: readonly Pinned[] }
  | { do: 'open'; patience: number }
export type FromViewers = { is: 'connected' } | { is: 'opened'; results: readonly Opened[] }

/**
 * From the start to LIVE, ms, unless it was never so; why tries before that failed; and when, ms, which attempt came to
 * which state.
 */
export type Opened = {
  readonly ms?: number
  readonly failed: readonly string[]
  readonly steps: readonly string[]
}
