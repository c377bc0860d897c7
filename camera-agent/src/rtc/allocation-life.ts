import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from './guard/internals.ts'
import { internal } from './werift.ts'

/** What is used of werift's TURN client to keep an allocation, and to end it. */
export type TurnClient = {
  readonly server: Address
  readonly transport: { closed?: boolean }
  readonly transactions: { [id: string]: Transaction }
  readonly channelByAddr: { [key: string]: { number: number; address: Address } }
  request(request: Message, ...rest: unknown[]): Promise<unknown>
  requestWithRetry(request: Message, to: Address): Promise<[Message, Address]>
  channelBind(channel: number, peer: Address): Promise<void>
  handleSTUNMessage(data: Buffer, from: Address): void
  close(): Promise<void>
}
/** Of answers, it takes those of the address it asked, and where it has a key those that are signed. */
type Transaction = { integrityKey?: unknown; responseReceived(message: Message, from: Address): void }
type Message = {
  readonly transactionIdHex: string
  readonly messageClass: number
  attributes: [name: string, value: unknown][]
  setAttribute(name: string, value: unknown): Message
  getAttributeValue(name: string): unknown
}

/** As long as the relay's word is waited for at the end; without it the allocation lives on for its ten minutes. */
const LAST_WORD_MS = 1500
/** A permission lasts five minutes (RFC 8656 §9), a channel ten, and in coturn no longer than its permission. */
const RENEW_MS = 100_000
/** No more often, whatever lifetime a relay grants. */
const RENEW_MIN_MS = 1000
const AGAIN_MS = 5000
const STALE_NONCE = 438

/**
 * What werift's client leaves undone, so that an allocation lives as long as its session, and no longer:
 * a request that is sent again under a new nonce is signed anew; that a nonce is stale is heard at all, for the relay
 * cannot sign it (RFC 8489 §9.2.5); permissions are renewed with the allocation; and its end is told to the relay, which
 * otherwise keeps and counts for ten minutes what nobody uses.
 */
export function keepAllocation(turn: TurnClient): void {
  signAnew(turn)
  hearStaleNonces(turn)
  const stop = renewAll(turn)
  const close = turn.close.bind(turn)
  let ended: Promise<void> | undefined
  turn.close = () => {
    stop()
    ended ??= refresh(turn, 0, LAST_WORD_MS)
      .catch(() => undefined)
      .then(close)
    return ended
  }
}

/** Each request is signed over what stands before its signature: an older one may not stand there. */
function signAnew(turn: TurnClient): void {
  const request = turn.request.bind(turn)
  turn.request = (message, ...rest) => {
    message.attributes = message.attributes.filter(
      ([name]) => name !== 'MESSAGE-INTEGRITY' && name !== 'FINGERPRINT',
    )
    return request(message, ...rest)
  }
}

/** The library drops every answer to a signed request that is not signed itself. */
function hearStaleNonces(turn: TurnClient): void {
  const handle = turn.handleSTUNMessage.bind(turn)
  turn.handleSTUNMessage = (data, from) => {
    const message = staleNonce(data)
    if (!message) return handle(data, from)
    const asked = turn.transactions[message.transactionIdHex]
    // It is over with this: no more than another try comes of it.
    if (asked) delete asked.integrityKey
    asked?.responseReceived(message, from)
  }
}

/** Anybody may send to this socket: what cannot be parsed is undefined to the library, and none. */
function staleNonce(data: Buffer): Message | undefined {
  const { parse, ERROR } = stun()
  const message = parse(data)
  const [code] = (message?.getAttributeValue('ERROR-CODE') as [number] | undefined) ?? []
  return message?.messageClass === ERROR && code === STALE_NONCE ? message : undefined
}

/** Allocation, channels and, with them, permissions, well before their end. @returns stops it */
function renewAll(turn: TurnClient): () => void {
  let timer: NodeJS.Timeout
  let isOver = false
  const renew = async (): Promise<number> => {
    const lifetime = await refresh(turn, LIFETIME_S)
    for (const { number, address } of Object.values(turn.channelByAddr))
      await turn.channelBind(number, address)
    return Math.min(RENEW_MS, Math.max(RENEW_MIN_MS, (lifetime * 1000) / 3))
  }
  const next = async (): Promise<void> => {
    const ms = await renew().catch(() => AGAIN_MS)
    if (!isOver && !turn.transport.closed) timer = setTimeout(next, ms)
  }
  void next()
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

const LIFETIME_S = 600

/** @param lifetime seconds; 0 deletes the allocation (RFC 8656 §7.1) @returns what the relay grants, seconds */
async function refresh(turn: TurnClient, lifetime: number, patience?: number): Promise<number> {
  if (turn.transport.closed) return 0
  const { Message, REFRESH, REQUEST } = stun()
  const request = new Message(REFRESH, REQUEST).setAttribute('LIFETIME', lifetime)
  const done = turn.requestWithRetry(request, turn.server)
  if (patience === undefined) return Number((await done)[0].getAttributeValue('LIFETIME') ?? 0)
  await Promise.race([done, sleep(patience, undefined, { ref: false })])
  return 0
}

function stun() {
  const { Message, parseMessage } = internal<{
    Message: new (method: number, kind: number) => Message
    parseMessage: (data: Buffer) => Message | undefined
  }>('ice/src/stun/message.js')
  const { methods, classes } = internal<{
    methods: { REFRESH: number }
    classes: { REQUEST: number; ERROR: number }
  }>('ice/src/stun/const.js')
  return { Message, parse: parseMessage, REFRESH: methods.REFRESH, ...classes }
}
