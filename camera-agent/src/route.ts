import { deliveries } from '@ownsight/protocol/events'
import type { Socket } from 'socket.io-client'
import * as v from 'valibot'
import type { Control } from './control.ts'
import type { Server } from './serve.ts'

/** What the server may deliver: an offer, a policy, a question, a guest, a farewell. Everything else has no handler. */
export function route(
  socket: Pick<Socket, 'on'>,
  { sessions, control }: { sessions: Pick<Server, 'offer'>; control: Control },
): void {
  const on = (
    event: keyof typeof envelopes,
    handle: (jws: string, ack: (reply: unknown) => void) => Promise<void>,
  ): void => {
    socket.on(event as string, (delivery: unknown, ack: unknown) => {
      const jws = envelopes[event](delivery)
      if (jws === undefined || typeof ack !== 'function') return
      // A fault nobody foresaw permits nothing.
      handle(jws, reply => ack(reply)).catch(() => ack({ hint: 'no_reply' }))
    })
  }
  on('offer', async (jws, ack) => ack((await sessions.offer(jws)) ?? { hint: 'no_reply' }))
  on('policy', (jws, ack) => control.policy(jws, ack))
  on('read', async (jws, ack) => ack(await control.read(jws)))
  on('redeem', async (jws, ack) => ack(await control.redeem(jws)))
  on('release', (jws, ack) => control.release(jws, ack))
}

/** The one envelope of each delivery, or undefined for what is not well formed. */
const envelopes = {
  offer: (delivery: unknown) => parse(deliveries.offer, delivery)?.offer,
  policy: (delivery: unknown) => parse(deliveries.policy, delivery)?.policy,
  read: (delivery: unknown) => parse(deliveries.read, delivery)?.read,
  redeem: (delivery: unknown) => parse(deliveries.redeem, delivery)?.redeem,
  release: (delivery: unknown) => parse(deliveries.release, delivery)?.release,
}

function parse<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> | undefined {
  const parsed = v.safeParse(schema, value)
  return parsed.success ? parsed.output : undefined
}
