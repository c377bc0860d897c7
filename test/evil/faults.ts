import * as cache from './faults/cache.ts'
import * as messages from './faults/messages.ts'
import * as routing from './faults/routing.ts'
import * as rows from './faults/rows.ts'
import type { Fault } from './world.ts'

/** Everything the server can do wrong, by name. Each server makes its own, since some remember what they saw. */
export const FAULTS = {
  // routing
  reroute: () => routing.reroute,
  'fan-out': () => routing.fanOut,
  'swap-presence': () => routing.swapPresence,
  'lie-offline': () => routing.lieOffline,
  'foreign-beacon': () => routing.foreignBeacon,
  'old-beacon': () => routing.oldBeacon,
  'swap-challenges': routing.swapChallenges,
  // messages
  drop: () => messages.drop,
  duplicate: () => messages.duplicate,
  delay: () => messages.delay,
  'swap-replies': messages.swapReplies,
  'swap-acks': messages.swapAcks,
  'shift-replies': messages.shiftReplies,
  replay: () => messages.replay,
  echo: () => messages.echo,
  mutate: () => messages.mutate,
  splice: () => messages.splice,
  'invent-refusal': () => messages.inventRefusal,
  // rows
  'swap-camera-rows': () => rows.swapCameraRows,
  'swap-device-rows': () => rows.swapDeviceRows,
  'swap-rosters': rows.swapRosters,
  // cache
  'cache-by-url': cache.cacheByUrl,
  'foreign-cookie': cache.foreignCookie,
  'swap-responses': cache.swapResponses,
  'log-in-as-another': cache.logInAsAnother,
} as const satisfies { [name: string]: () => Fault }

export type FaultName = keyof typeof FAULTS
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[]
