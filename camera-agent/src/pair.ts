import { faultCode } from '@ownsight/protocol/errors'
import { type Delivery, deliveries, type Reply } from '@ownsight/protocol/events'
import type { KeyPair } from '@ownsight/protocol/ids'
import { PAIRING_LIFETIME_S } from '@ownsight/protocol/limits'
import { formatPairingCode, newPairingSecret } from '@ownsight/protocol/pairing'
import { type CameraPairing, offerCameraPairing } from '@ownsight/protocol/pairing-camera'
import * as v from 'valibot'
import type { PolicyStore } from './policy-store.ts'
import { connectSignaling } from './signaling-client.ts'
import type { Reporter } from './status.ts'
import { step } from './steps.ts'

const LINGER_MS = 20_000

export type PairOptions = {
  camera: string
  server: string
  cam: KeyPair
  fw: string
  policies: PolicyStore
  report: Reporter
  signal: AbortSignal
}

/**
 * Shows one code after another until an owner has paired this camera, or the code was burned.
 * The secret lives in this call's memory only.
 */
export async function pair(options: PairOptions): Promise<'paired' | 'interrupted' | 'stopped'> {
  while (!options.signal.aborted) {
    const outcome = await offerOnce(options)
    if (outcome !== 'expired') return outcome
  }
  return 'stopped'
}

async function offerOnce(options: PairOptions): Promise<'paired' | 'interrupted' | 'stopped' | 'expired'> {
  const { camera, cam, policies, report, signal } = options
  const secret = newPairingSecret()
  const outcome = Promise.withResolvers<'paired' | 'interrupted' | 'stopped' | 'expired'>()
  let ticket: string | null = null
  let turn: Promise<void> = Promise.resolve()
  const pairing = await offerCameraPairing({
    secret,
    cam,
    fw: options.fw,
    now: () => performance.now() / 1000,
    commit: (paired, jws, signer) => policies.pair(paired, jws, signer, ticket),
    onState: (state, phrase) => {
      if (state === 'got1') step('pair.first.accepted')
      if (state === 'burned') outcome.resolve('interrupted')
      if (state === 'paired' && phrase) report({ event: 'paired', camera, phrase })
    },
  })
  const expires = Math.floor(Date.now() / 1000) + PAIRING_LIFETIME_S
  let shown = false
  // A code is worth showing once somebody can be met with it.
  const showOnce = (): void => {
    if (shown) return
    shown = true
    report({ event: 'pairing-code', camera, code: formatPairingCode({ secret, camId: cam.id }), expires })
  }
  const client = connectSignaling({
    server: options.server,
    namespace: 'unpaired',
    onOnline: socket => {
      socket.emit('hold', { rid: pairing.rid }, (reply: Reply<'hold'>) => {
        if ('hint' in reply)
          report({ event: 'offline', camera, note: 'the signaling server is not taking pairings now' })
        else showOnce()
      })
    },
    onOffline: note => report({ event: 'offline', camera, note }),
  })
  client.socket.on('pair', (delivery: unknown, ack: unknown) => {
    const parsed = v.safeParse(deliveries.pair, delivery)
    if (!parsed.success || typeof ack !== 'function') return
    // One after another, so that the ticket at hand in `commit` is the one that came with the accepted message.
    turn = turn.then(async () => {
      ticket = parsed.output.ticket
      const reply = await answer(pairing, parsed.output)
      ack(reply)
      if (pairing.state() !== 'paired') return
      step('pair.acked')
      outcome.resolve('paired')
    })
  })
  const stop = () => outcome.resolve('stopped')
  signal.addEventListener('abort', stop, { once: true })
  const lifetime = setTimeout(() => outcome.resolve('expired'), PAIRING_LIFETIME_S * 1000)
  try {
    return await outcome.promise
  } finally {
    clearTimeout(lifetime)
    signal.removeEventListener('abort', stop)
    // A paired camera stays a little for an identical message 3 whose answer was lost.
    if (pairing.state() === 'paired') setTimeout(client.close, LINGER_MS).unref()
    else client.close()
  }
}

async function answer(pairing: CameraPairing, { rid, msg }: Delivery<'pair'>): Promise<Reply<'pair'>> {
  if (rid !== pairing.rid) return { refused: 'not_offering' }
  try {
    return { msg: await pairing.receive(msg) }
  } catch (error) {
    return { refused: faultCode(error) }
  }
}

/** Tells the server, signed by the camera key, which account's rendezvous was used. It gives no right. */
export function bind(options: {
  server: string
  bind: () => Promise<string>
  signal: AbortSignal
  onOffline: (note: string) => void
}): Promise<'bound' | 'refused' | 'stopped'> {
  const outcome = Promise.withResolvers<'bound' | 'refused' | 'stopped'>()
  const client = connectSignaling({
    server: options.server,
    namespace: 'unpaired',
    onOnline: socket =>
      void (async () => {
        try {
          const reply: unknown = await socket
            .timeout(10_000)
            .emitWithAck('bind', { bind: await options.bind() })
          outcome.resolve(v.is(v.looseObject({ ok: v.literal(true) }), reply) ? 'bound' : 'refused')
        } catch {
          options.onOffline('the signaling server did not answer')
          socket.disconnect().connect()
        }
      })(),
    onOffline: options.onOffline,
  })
  options.signal.addEventListener('abort', () => outcome.resolve('stopped'), { once: true })
  return outcome.promise.finally(client.close)
}
