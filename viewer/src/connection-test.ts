import type { Home } from './home.ts'
import type { Servers } from './rtc/gather.ts'
import { probe } from './rtc/probe.ts'

/** What one look at this device's network found. */
export type Findings = {
  /** ms of one question to the server; undefined when it did not answer */
  readonly signaling: number | undefined
  /** the server lends relays */
  readonly lent: boolean
  /** this device has an address of its own to offer */
  readonly own: boolean
  /** a server saw a public address of this device: UDP gets out */
  readonly public: boolean
  /** the router's public port for one port of this device: one for all, or one for each it speaks to */
  readonly mapping: 'one' | 'each' | undefined
  /** ways to the relay that worked */
  readonly relay: readonly ('udp' | 'tcp' | 'tls')[]
}
export type Verdict = {
  readonly code: 'offline' | 'no_network' | 'no_relay' | 'relay_away' | 'udp_blocked' | 'good'
  readonly sentence: string
}

/** Looks at the way to the server, at this device's addresses, and at the ways to the relay. */
export async function testConnection(home: Home, onStep: (step: string) => void): Promise<Findings> {
  onStep('Asking the server')
  const signaling = (await answers(home)) ? await timeOf(home) : undefined
  // Without the server nothing else is worth knowing, and its relays cannot be asked for.
  if (signaling === undefined)
    return { signaling, lent: false, own: true, public: false, mapping: undefined, relay: [] }
  await home.relays.renew()
  const servers: Servers = { ...home.relays.servers(), relayOnly: false, patience: 6000 }
  const lent = servers.iceServers.length > 0
  onStep('Looking for ways out of this network')
  return { signaling, lent, ...(await probe(servers)) }
}

const SERVER_MS = 8000

/** A network that has just changed leaves a dead connection behind: another one is tried before the server is blamed. */
async function answers(home: Home): Promise<boolean> {
  const over = Promise.withResolvers<false>()
  const timer = setTimeout(() => over.resolve(false), SERVER_MS)
  let asking = true
  const [camera] = home.roster.value
  if (camera) home.signaling.doubt(camera.camId, () => asking)
  try {
    return await Promise.race([over.promise, timeOf(home).then(ms => ms !== undefined)])
  } finally {
    clearTimeout(timer)
    asking = false
  }
}

/** ms of one question to the server */
async function timeOf(home: Home): Promise<number | undefined> {
  const start = performance.now()
  const reply = await home.signaling.request('relays', {})
  return 'hint' in reply && reply.hint === 'no_reply' ? undefined : Math.round(performance.now() - start)
}

/** The first thing that is wrong, and what to do, in one sentence. */
export function verdictOf({ signaling, lent, own, relay, public: isPublic }: Findings): Verdict {
  if (signaling === undefined)
    return {
      code: 'offline',
      sentence:
        'The server does not answer: check this device’s internet connection, then ask who runs the server.',
    }
  if (!own && relay.length === 0)
    return {
      code: 'no_network',
      sentence: 'This browser offers no network address at all: allow WebRTC in its settings or extensions.',
    }
  if (!lent)
    return {
      code: 'no_relay',
      sentence:
        'This server offers no relay: watching works in the camera’s own network, and elsewhere only where both networks let it. Ask who runs the server for a relay.',
    }
  if (relay.length === 0)
    return {
      code: 'relay_away',
      sentence:
        'The relay cannot be reached from here: watching works in the camera’s own network. Try another network, or ask who runs the server to check the relay.',
    }
  if (!isPublic && !relay.includes('udp'))
    return {
      code: 'udp_blocked',
      sentence: `This network blocks UDP: pictures go over the relay by ${relay.includes('tcp') ? 'TCP' : 'TLS'}, a little later than they could. Another network may be quicker.`,
    }
  return {
    code: 'good',
    sentence: 'Everything works: directly where the networks allow it, else over the relay.',
  }
}
