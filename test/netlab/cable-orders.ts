import type { LinkSettings } from './link-settings.ts'
import type { TraceStep } from './trace.ts'
import type { Direction } from './wire.ts'

/** A device the cable makes: the full name of a namespace and what the device is called there. */
export type WireEnd = { readonly namespace: string; readonly device: string }

/** A wire as the cable is given it at its start. */
export type WireEnds = {
  readonly name: string
  readonly home: WireEnd
  readonly internet: WireEnd
  readonly settings: Record<Direction, Partial<LinkSettings>>
  readonly seed: string
}

/** What the cable is told, one JSON line each. Without a direction, both. */
export type CableOrder = { readonly id: number } & (
  | { do: 'set'; wire: string; direction?: Direction; change: Partial<LinkSettings> }
  | { do: 'follow'; wire: string; direction?: Direction; trace: Traces | null; loop: boolean }
  | { do: 'statistics'; wire: string }
  | { do: 'flush'; namespace: string }
)

export type Traces = Record<Direction, readonly TraceStep[]>

/** What it says: once that its devices are there, then one line for each order. */
export type CableReply =
  | { readonly ready: true }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
