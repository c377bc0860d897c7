import { badRequests, slowRequests, wrongLogins } from './http-loads.ts'
import type { Amounts, Load } from './load.ts'
import { strangersPackets } from './media-loads.ts'
import { slowReaders } from './reader-loads.ts'
import { hugeMessages, malformed, silentSockets, unknownEvents, wrongTypes } from './socket-loads.ts'
import type { Place } from './viewer-tap.ts'

export const LOADS = {
  'huge messages': hugeMessages,
  'malformed packets': malformed,
  'wrong types': wrongTypes,
  'unknown events': unknownEvents,
  'silent sockets': silentSockets,
  'wrong logins': wrongLogins,
  'bad requests': badRequests,
  'slow requests': slowRequests,
  'slow readers': slowReaders,
  'strange packets': strangersPackets,
} as const satisfies { [name: string]: Load }
export type LoadName = keyof typeof LOADS

export type ToLoads =
  | { do: 'begin'; origin: string; invitation: string; amounts: Amounts; seed: number }
  | { do: 'media'; media: { place: Place; packets: string[] }[] }
  | { do: 'load'; name: LoadName }
  | { do: 'enough' }
export type FromLoads = { is: 'ready' } | { is: 'sent'; name: LoadName; sent: string }
