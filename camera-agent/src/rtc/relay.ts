import { parseRelayUrl, type RelayGrant, type RelayUrl } from '@ownsight/protocol/relay-grant'
import { keepAllocation, type TurnClient } from './allocation-life.ts'
import type { Address, IceConnection, StunProtocol } from './guard/internals.ts'
import { internal } from './werift.ts'

/**
 * Allocations on a TURN relay (RFC 8656), made ahead of time: one lies ready for the next session, so that nobody
 * waits for it. UDP is tried first, then TCP, then TLS; what worked last is tried first the next time.
 */
export type Relays = {
  /** For one session: an allocation that is its own from now on, and the STUN server, where UDP gets through to it. */
  take(): SessionRelay
  state(): RelayState
  /** Tries at once instead of at its next time: the server is back, or the network is another. */
  retry(): void
  close(): Promise<void>
}
export type RelayState = 'none' | 'trying' | RelayUrl['transport'] | 'unreachable'
export type SessionRelay = { allocation?: Allocation | undefined; stunServer?: Address | undefined }

/** werift's TURN client, as an ICE transport of one session. */
export type Allocation = StunProtocol & {
  localCandidate?: unknown
  turn: TurnClient & {
    relayedAddress: Address
    mappedAddress: Address
    sendStun(message: unknown, to: Address): Promise<void>
    serverDestination(): Promise<Address>
  }
  close(): Promise<void>
}

type Connect = (
  server: { address: Address; username: string; password: string },
  options: { transport: RelayUrl['transport']; connectTimeoutMs: number; udpFamily?: 4 | 6 },
) => Promise<Allocation>

const TRY_MS = 3000
/** Longer than this an allocation is not trusted to be there still; its lifetime is ten minutes. */
const WARM_MS = 240_000
/** A box on the way forgets a UDP port that is silent for half a minute (RFC 4787 REQ-5 asks for more, in vain). */
const BEAT_MS = 15_000
const AGAIN_MS = 15_000
/** Where UDP did not get through it is tried again this much later, beside what works. */
const UDP_AGAIN_MS = 120_000
/** Where the server lends none it is asked again when it is back, and otherwise seldom. */
const NONE_MS = 600_000

function createClient(): Connect {
  const { createStunOverTurnClient: connect } = internal<{ createStunOverTurnClient: Connect }>(
    'ice/src/turn/protocol.js',
  )
  return async (server, options) => {
    const allocation = await connect(server, options)
    keepAllocation(allocation.turn)
    return allocation
  }
}

/** @param grant the newest one, asked for before each allocation; undefined while there is none */
export function keepRelays(
  grant: () => Promise<RelayGrant | undefined>,
  options: { onState?: (state: RelayState) => void; connect?: Connect; udpAgainMs?: number } = {},
): Relays {
  const { connect = createClient(), udpAgainMs = UDP_AGAIN_MS } = options
  let warm: { allocation: Allocation; beat: NodeJS.Timeout } | undefined
  let state: RelayState = 'none'
  let stunServer: Address | undefined
  let preferred: RelayUrl['transport'] | undefined
  let udpTriedAt = Number.NEGATIVE_INFINITY
  let making: Promise<void> | undefined
  let isWanted = false
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const enter = (next: RelayState): void => {
    if (state === next) return
    state = next
    options.onState?.(next)
  }

  async function make(): Promise<void> {
    const granted = await grant()
    if (!granted) return enter('none')
    if (state === 'none') enter('trying')
    const urls = inOrder(granted.urls.map(parseRelayUrl), preferred)
    const used = await first(urls, granted)
    enter(used ?? 'unreachable')
    if (!used || used === 'udp' || performance.now() - udpTriedAt < udpAgainMs) return
    if ((await first(urls.filter(isUdp), granted)) && !closed) enter('udp')
  }

  /** The first of them over which an allocation is to be had; it is what lies ready then. */
  async function first(urls: RelayUrl[], granted: RelayGrant): Promise<RelayUrl['transport'] | undefined> {
    for (const url of urls) {
      if (isUdp(url)) udpTriedAt = performance.now()
      const found = await allocate(url, granted)
      const allocation = typeof found === 'string' ? undefined : found
      if (closed) return void allocation?.close()
      // A relay that refuses was reached, and tells a camera its address all the same.
      if (isUdp(url)) stunServer = found === 'silent' ? undefined : [url.host, url.port]
      if (!allocation) continue
      preferred = url.transport
      void release()
        ?.close()
        .catch(() => undefined)
      const beat = setInterval(() => void keepOpen(allocation).catch(() => undefined), BEAT_MS)
      warm = { allocation, beat }
      return url.transport
    }
    return undefined
  }

  /** Or why it cannot be had. One that comes after its time is given back. */
  async function allocate(url: RelayUrl, granted: RelayGrant): Promise<Allocation | 'refused' | 'silent'> {
    const server = {
      address: [url.host, url.port] as const,
      username: granted.username,
      password: granted.credential,
    }
    const udpFamily = url.host.includes(':') ? 6 : 4
    const work = connect(server, { transport: url.transport, connectTimeoutMs: TRY_MS, udpFamily })
    let late = false
    const timeout = Promise.withResolvers<'silent'>()
    const deadline = setTimeout(() => {
      late = true
      timeout.resolve('silent')
    }, TRY_MS)
    work.then(allocation => late && void allocation.close()).catch(() => undefined)
    try {
      return await Promise.race([work, timeout.promise])
    } catch (error) {
      return typeof errorCode(error) === 'number' ? 'refused' : 'silent'
    } finally {
      clearTimeout(deadline)
    }
  }

  function keepOne(): void {
    isWanted = making !== undefined
    if (closed || making) return
    clearTimeout(timer)
    making = make()
      .catch(() => enter('unreachable'))
      .finally(() => {
        making = undefined
        // What was made is taken already.
        if (isWanted && !warm && state !== 'none') return keepOne()
        if (!closed) timer = setTimeout(renew, warm ? WARM_MS : state === 'none' ? NONE_MS : AGAIN_MS)
      })
  }
  /** Takes it out of what is kept: whoever calls owns it. */
  const release = (): Allocation | undefined => {
    const allocation = warm?.allocation
    clearInterval(warm?.beat)
    warm = undefined
    return allocation
  }
  const renew = (): void => {
    void release()
      ?.close()
      .catch(() => undefined)
    keepOne()
  }
  keepOne()

  return {
    take() {
      const allocation = release()
      queueMicrotask(keepOne)
      return { allocation: allocation?.turn.transport.closed === true ? undefined : allocation, stunServer }
    },
    state: () => state,
    retry() {
      if (!warm) keepOne()
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await making
      await release()
        ?.close()
        .catch(() => undefined)
    },
  }
}

/** A Binding indication (RFC 8489 §6.3.2 has no reply to it): enough for the boxes on the way. */
async function keepOpen({ turn }: Allocation): Promise<void> {
  const { Message } = internal<{ Message: new (method: number, kind: number) => unknown }>(
    'ice/src/stun/message.js',
  )
  const { methods, classes } = internal<{ methods: { BINDING: number }; classes: { INDICATION: number } }>(
    'ice/src/stun/const.js',
  )
  await turn.sendStun(new Message(methods.BINDING, classes.INDICATION), await turn.serverDestination())
}

/** One allocation, given back at once: what comes of it, for a person who wants to know. */
export async function tryRelay(
  url: RelayUrl,
  grant: RelayGrant,
): Promise<'ok' | 'refused' | 'quota' | 'certificate' | 'silent'> {
  const server = {
    address: [url.host, url.port] as const,
    username: grant.username,
    password: grant.credential,
  }
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), TRY_MS)
  const work = createClient()(server, { transport: url.transport, connectTimeoutMs: TRY_MS })
  work.then(allocation => allocation.close()).catch(() => undefined)
  try {
    return (await Promise.race([work, late])) ? 'ok' : 'silent'
  } catch (error) {
    const code = errorCode(error)
    if (code === 401 || code === 403 || code === 438) return 'refused'
    if (code === 486 || code === 508) return 'quota'
    return /CERT|SELF_SIGNED|UNABLE_TO_/.test(String(code)) ? 'certificate' : 'silent'
  } finally {
    clearTimeout(timer)
  }
}

/** The number of a STUN error response (RFC 8489 §14.8), or the name Node gives a fault of TCP or TLS. */
function errorCode(error: unknown): number | string | undefined {
  const { response, code } = error as {
    response?: { getAttributeValue(name: string): unknown }
    code?: string
  }
  return (response?.getAttributeValue('ERROR-CODE') as [number] | undefined)?.[0] ?? code
}

const isUdp = ({ kind, transport }: RelayUrl): boolean => kind === 'turn' && transport === 'udp'

/** Direct ways first: UDP, TCP, TLS; the transport that worked last before all others. */
function inOrder(urls: RelayUrl[], preferred: RelayUrl['transport'] | undefined): RelayUrl[] {
  const order = ['udp', 'tcp', 'tls'].filter(each => each !== preferred)
  if (preferred) order.unshift(preferred)
  return order.flatMap(transport => urls.filter(url => url.kind === 'turn' && url.transport === transport))
}

type CandidateClass = new (...parts: unknown[]) => { type: string }

/** Gives the allocation to the session's ICE agent, before it gathers: gathering then names it with the others. */
export function attach(connection: IceConnection, allocation: Allocation): void {
  const { Candidate, candidateFoundation, candidatePriority } = internal<{
    Candidate: CandidateClass
    candidateFoundation: (type: string, transport: string, host: string) => string
    candidatePriority: (type: string) => number
  }>('ice/src/candidate.js')
  const { relayedAddress, mappedAddress } = allocation.turn
  const [host, port] = relayedAddress
  allocation.localCandidate = new Candidate(
    candidateFoundation('relay', 'udp', host),
    1,
    'udp',
    candidatePriority('relay'),
    host,
    port,
    'relay',
    mappedAddress[0],
    mappedAddress[1],
  )
  connection.ensureProtocol(allocation)
  connection.protocols.push(allocation)
}
