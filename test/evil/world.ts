import type { HttpRequest, HttpResponse } from './http-front.ts'
import { type Link, opposite, type Packet } from './link.ts'
import type { Rows } from './rows.ts'

/** What a fault can see and do: everything that passed, everyone who is connected, and the database. */
export type World = {
  links(): Link[]
  /** The open connection of a camera, or of the viewer with this auth key. */
  camera(id: string): Link | undefined
  viewer(key: string): Link | undefined
  /** Every packet so far, oldest first, the last few thousand of them. */
  readonly bag: readonly Packet[]
  readonly rows: Rows
  /** From 0 up to 1, from the seed. */
  random(): number
  pick<T>(from: readonly T[]): T | undefined
  /** Sends a packet past every fault. */
  deliver(packet: Packet): void
  later(ms: number, work: () => void): void
  count(name: string): void
}

/**
 * One thing the server does wrong. It says what happens in the place of what it was given, or undefined when it has
 * nothing to do with it.
 */
export type Fault = {
  /** one sentence for the table */
  readonly what: string
  /** Does harm that outlasts one message, so that it is never chosen at random. */
  readonly lasting?: true
  packet?: (packet: Packet, world: World) => Packet[] | undefined
  /** Another request in its place, or the response to give without asking. */
  request?: (
    request: HttpRequest,
    world: World,
  ) => { request: HttpRequest } | { response: HttpResponse } | undefined
  response?: (
    response: HttpResponse,
    request: HttpRequest,
    world: World,
  ) => HttpResponse | Promise<HttpResponse> | undefined
}

/**
 * What may be changed by chance. What opens a connection is left alone, and so is `publish`: a beacon spoilt on its way
 * up stays in the server for ten minutes, while the lies told of it on its way down pass with the message.
 */
export const isTraffic = ({ event }: Packet): boolean =>
  !['challenge', 'auth', 'hold', 'bind', 'publish', ''].includes(event)

/** The reply to `request`, as its asker will get it. */
export const replyTo = ({ link, direction, event, id }: Packet, body: unknown): Packet => ({
  link,
  direction: opposite(direction),
  is: 'reply',
  event,
  ...(id === undefined ? {} : { id }),
  body,
})

/** Mulberry32: small, and the same for the same seed everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
