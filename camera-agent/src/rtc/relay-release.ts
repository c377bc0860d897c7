import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from './guard/internals.ts'
import { internal } from './werift.ts'

/** What is needed of werift's TURN client to end an allocation. */
export type Ending = {
  readonly server: Address
  readonly transport: { closed?: boolean }
  requestWithRetry(request: unknown, to: Address): Promise<unknown>
  close(): Promise<void>
}
type Message = { setAttribute(name: string, value: unknown): Message }

/** As long as the relay's word is waited for; without it the allocation lives on to the end of its ten minutes. */
const PATIENCE_MS = 1500

/**
 * Makes closing it delete the allocation at the relay (RFC 8656 §7.1: a lifetime of zero). werift closes its socket and
 * no more: over UDP the relay then keeps, and counts, what nobody uses, and refuses the next one for its quota.
 */
export function releaseOnClose(turn: Ending): void {
  const { Message } = internal<{ Message: new (method: number, kind: number) => Message }>(
    'ice/src/stun/message.js',
  )
  const { methods, classes } = internal<{ methods: { REFRESH: number }; classes: { REQUEST: number } }>(
    'ice/src/stun/const.js',
  )
  const end = turn.close.bind(turn)
  let ended: Promise<void> | undefined
  const release = async (): Promise<void> => {
    if (!turn.transport.closed) {
      const request = new Message(methods.REFRESH, classes.REQUEST).setAttribute('LIFETIME', 0)
      const done = turn.requestWithRetry(request, turn.server).catch(() => undefined)
      await Promise.race([done, sleep(PATIENCE_MS, undefined, { ref: false })])
    }
    await end()
  }
  turn.close = () => {
    ended ??= release()
    return ended
  }
}
