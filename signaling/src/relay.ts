import { claimedTyp } from '@ownsight/protocol/envelope'
import { type Delivery, type Hint, type Reply, replies } from '@ownsight/protocol/events'
import type { Typ } from '@ownsight/protocol/messages'
import * as v from 'valibot'
import { hintOf, Refused } from './handle.ts'
import type { Exchange } from './routed-log.ts'
import type { Runtime } from './runtime.ts'
import type { DeviceSocket } from './sockets.ts'

const REPLY_MS = 15_000

export type Relayed = 'offer' | 'policy' | 'pair' | 'read' | 'redeem' | 'release' | 'join'

/** An envelope that does not even claim to be what is sent here goes no further. Its content is not looked at. */
export function requireTyp(envelope: string, ...types: Typ[]): void {
  const typ = claimedTyp(envelope)
  if (!typ || !types.includes(typ)) throw new Refused('bad_form', 'bad_type')
}

/** Which types the members of a reply may claim. */
const REPLY_TYPES: { [member: string]: readonly Typ[] } = {
  answer: ['os1-answer'],
  policy: ['os1-policy'],
  status: ['os1-status'],
  redeemed: ['os1-redeemed'],
  released: ['os1-released'],
  refuse: ['os1-refuse'],
  ack: ['os1-ack'],
  msg: ['os1-pair2', 'os1-pair4', 'os1-join2', 'os1-join4'],
}

/**
 * Hands one delivery to a camera and returns its reply, checked for form only. The server cannot answer in its
 * place: whatever is no well-formed reply becomes a hint, and a hint is no verdict.
 */
export async function relay<K extends Relayed>(
  runtime: Runtime,
  camera: DeviceSocket,
  kind: K,
  delivery: Delivery<K>,
  exchange: Exchange,
): Promise<Reply<K> | Hint> {
  exchange.sent(camera)
  const reply = await ask(runtime, camera, kind, delivery)
  exchange.replied(reply)
  return reply
}

async function ask<K extends Relayed>(
  runtime: Runtime,
  camera: DeviceSocket,
  kind: K,
  delivery: Delivery<K>,
): Promise<Reply<K> | Hint> {
  const end = runtime.metrics.relaySeconds.startTimer({ kind })
  const outcome = (result: string, hint: Hint): Hint => {
    runtime.metrics.relayed.inc({ kind, result })
    return hint
  }
  const gone = Promise.withResolvers<'gone'>()
  const left = () => gone.resolve('gone')
  camera.once('disconnect', left)
  try {
    const asked: Promise<unknown> = camera.timeout(REPLY_MS).emitWithAck(kind, delivery)
    const reply = await Promise.race([asked, gone.promise])
    if (reply === 'gone') return outcome('offline', hintOf('offline'))
    const parsed = v.safeParse(replies[kind], reply)
    if (!parsed.success || !claimsWell(parsed.output)) return outcome('bad_reply', hintOf('no_reply'))
    runtime.metrics.relayed.inc({ kind, result: 'replied' })
    return parsed.output as Reply<K>
  } catch {
    return outcome('no_reply', hintOf('no_reply'))
  } finally {
    camera.off('disconnect', left)
    end()
  }
}

function claimsWell(reply: { [member: string]: unknown }): boolean {
  return Object.entries(REPLY_TYPES).every(([member, types]) => {
    const value = reply[member]
    if (value === undefined) return true
    const typ = claimedTyp(typeof value === 'string' ? value : (value as { e: string }).e)
    return typ !== undefined && types.includes(typ)
  })
}
