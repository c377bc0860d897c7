import { type Hint, type HintCode, type Reply, type Request, requests } from '@ownsight/protocol/events'
import * as v from 'valibot'
import type { Runtime } from './runtime.ts'
import type { DeviceSocket } from './sockets.ts'

export const hintOf = (code: HintCode): Hint => ({ hint: code })

/** Why a request goes no further: counted under `reason`, told as `hint`. */
export class Refused extends Error {
  readonly hint: HintCode
  readonly reason: string
  override readonly name = 'Refused'

  constructor(hint: HintCode, reason: string = hint) {
    super(reason)
    this.hint = hint
    this.reason = reason
  }
}

/**
 * Serves one kind of request: right form, right rate, then `work`. The reply goes to the ack of this very request,
 * which socket.io keeps with it: nothing here looks up whom to answer.
 */
export function handle<K extends keyof typeof requests>(
  socket: DeviceSocket,
  runtime: Runtime,
  kind: K,
  allowed: () => boolean,
  work: (request: Request<K>) => Promise<Reply<K> | Hint>,
): void {
  const run = async (received: unknown, ack: unknown): Promise<void> => {
    try {
      if (typeof ack !== 'function') throw new Refused('bad_form', 'no_ack')
      if (!allowed()) throw new Refused('rate')
      const parsed = v.safeParse(requests[kind], received)
      if (!parsed.success) throw new Refused('bad_form')
      ack(await work(parsed.output as Request<K>))
    } catch (error) {
      const refused = error instanceof Refused ? error : new Refused('no_reply', 'fault')
      runtime.metrics.refused.inc({ reason: refused.reason })
      if (refused !== error) runtime.log({ event: 'fault', kind, result: (error as Error).name })
      if (typeof ack === 'function') ack(hintOf(refused.hint))
    }
  }
  socket.on(kind as string, (received: unknown, ack: unknown) => void run(received, ack))
}

/**
 * Until it is proved, a socket may say `auth`, once. Any event that is not `known`, a candidate for one, has no
 * handler: it is counted and told so (PROTOCOL.md §6).
 */
export function refuseOtherEvents(
  socket: DeviceSocket,
  runtime: Runtime,
  known: readonly string[],
  state: { proved: boolean },
): void {
  let tried = false
  const tooMany = floodGuard()
  socket.use(([event, ...args], next) => {
    if (tooMany()) {
      runtime.metrics.refused.inc({ reason: 'flood' })
      socket.disconnect(true)
      return
    }
    const first = event === 'auth' && !state.proved && !tried
    tried ||= first
    if (first || (state.proved && known.includes(event))) return next()
    runtime.metrics.refused.inc({ reason: state.proved ? 'bad_type' : 'not_signed_in' })
    const ack: unknown = args.at(-1)
    if (typeof ack === 'function') ack(hintOf(state.proved ? 'bad_form' : 'not_signed_in'))
  })
}

/** More in one second than any device of ours would say, hints included. */
const FLOOD_PER_SECOND = 200

function floodGuard(): () => boolean {
  let since = 0
  let said = 0
  return () => {
    const now = performance.now()
    if (now - since > 1000) [since, said] = [now, 0]
    return ++said > FLOOD_PER_SECOND
  }
}
