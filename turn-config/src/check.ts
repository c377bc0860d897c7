import { randomBytes } from 'node:crypto'
import { BlockList, isIP, isIPv6 } from 'node:net'
import { mintCredential } from './credentials.ts'
import { DENIED_PROBES } from './denied-probes.ts'
import { ATTRIBUTE, decode, type Endpoint, encode, find, METHOD } from './stun-message.ts'
import { connectTurn, type Login, type Server, type TurnClient, TurnError } from './turn-client.ts'

/** What is wrong, and what to do about it; a sentence each. */
export type Fault = { readonly code: FaultCode; readonly text: string }
export type FaultCode =
  | 'unreachable'
  | 'tcp-closed'
  | 'tls-closed'
  | 'tls-chain'
  | 'tls-old'
  | 'wrong-secret'
  | 'expired'
  | 'clock'
  | 'refused'
  | 'open'
  | 'range-open'
  | 'own-port-open'
  | 'relay-dead'
  | 'software'

export type CheckOptions = {
  readonly host: string
  readonly port: number
  /** absent: TLS is not looked at */
  readonly tlsPort?: number | undefined
  /** the secret that signaling lends by; or one credential that it lent */
  readonly secret?: string
  readonly login?: Login
  /** PEM of who signed the certificate; absent: as Node trusts */
  readonly ca?: string | undefined
  /** ranges `first-last` that the operator has opened on purpose */
  readonly allowPeers?: readonly string[]
  /** addresses or ranges `first-last` that the operator has closed besides */
  readonly denyPeers?: readonly string[]
  /** milliseconds one answer may take */
  readonly timeout?: number
  /** seconds since the epoch */
  readonly now?: number
}

/** No more: coturn reads the end of a credential as 32 bits with a sign. */
const YEAR_S = 31_536_000

type Connect = (server: Server) => Promise<TurnClient>

/** Makes real allocations and tries what must be refused. @returns every fault, the one to mend first in front */
export async function checkRelay(options: CheckOptions): Promise<Fault[]> {
  const { host, port, timeout = 4000 } = options
  const open: TurnClient[] = []
  const connect: Connect = async server => {
    const client = await connectTurn(server, { timeout })
    open.push(client)
    return client
  }
  try {
    const doors = await checkDoors(options, connect)
    const udp = await connect({ transport: 'udp', host, port })
    const answer = await udp.bind().catch(() => undefined)
    if (!answer)
      return [
        fault(
          'unreachable',
          `Nothing answers at ${host} on UDP port ${port}: is the relay running, and does its firewall let the port in?`,
        ),
        ...doors,
      ]
    const said = find(answer, ATTRIBUTE.software)
      ? [
          fault(
            'software',
            'The relay says which software it is: render its configuration again and restart it.',
          ),
        ]
      : []
    const login = options.login ?? lend(options)
    const refusal = await checkLogin(options, udp, login, connect)
    const inside = refusal ? [refusal] : await checkInside(options, login, connect)
    return [...inside, ...doors, ...said]
  } finally {
    for (const client of open) client.close()
  }
}

const fault = (code: FaultCode, text: string): Fault => ({ code, text })

const lend = ({ secret = '', now }: CheckOptions, more: { ttlSeconds?: number } = {}): Login =>
  mintCredential({ secret, ...(now === undefined ? {} : { now }), ...more })

const codeOf = (error: unknown): number => {
  if (error instanceof TurnError) return error.code
  throw error
}

/** @returns what stands between this login and an allocation */
async function checkLogin(
  options: CheckOptions,
  udp: TurnClient,
  login: Login,
  connect: Connect,
): Promise<Fault | undefined> {
  const { host, port, secret, now = Date.now() / 1000 } = options
  const tries = async (other: Login): Promise<number> => {
    const client = await connect({ transport: 'udp', host, port })
    const code = await client.allocate(other).then(() => 0, codeOf)
    if (code === 0) await client.refresh(0).catch(() => 0)
    return code
  }
  const code = await udp.allocate(login).then(() => -1, codeOf)
  if (code === 200)
    return fault('open', 'The relay serves anybody without a credential: render its configuration again.')
  if (code === 0)
    return fault('refused', 'The relay answers a binding request but no allocation: look into its log.')
  if (code === 401 && Number.parseInt(login.username, 10) < now)
    return fault(
      'expired',
      'This credential has ended: fetch a new one; if it is new, set the clock of signaling.',
    )
  if (code === 401 && secret !== undefined && (await tries(lend(options, { ttlSeconds: YEAR_S }))) === 0)
    return fault('clock', 'The clock of the relay is ahead by more than ten minutes: set it, with NTP.')
  if (code === 401)
    return fault(
      'wrong-secret',
      'The relay has another secret: render its configuration from the same file, restart it.',
    )
  if (code === 486)
    return fault('refused', 'The relay has no allocation left (486): wait ten minutes, or raise the quota.')
  if (code !== -1) return fault('refused', `The relay refuses an allocation with ${code}: look into its log.`)
  await udp.refresh(0).catch(() => 0)
  // A minute may pass between two clocks; what ended five minutes ago must be of no use.
  if (secret !== undefined && (await tries(lend(options, { ttlSeconds: -300 }))) === 0)
    return fault(
      'clock',
      'The relay takes a credential that ended five minutes ago: set its clock, with NTP.',
    )
  return undefined
}

/** With an allocation of its own: what it reaches, and what it must not reach. */
async function checkInside(options: CheckOptions, login: Login, connect: Connect): Promise<Fault[]> {
  const { host, port } = options
  const one = await connect({ transport: 'udp', host, port })
  const two = await connect({ transport: 'udp', host, port })
  const faults: Fault[] = []
  const [first, second] = [await one.allocate(login), await two.allocate(login)]
  if (!(await relays(one, first, two, second)))
    faults.push(
      fault(
        'relay-dead',
        `A packet through two allocations of the relay did not arrive: open its relay ports (such as UDP ${first.port}), and allow its own address as a peer.`,
      ),
    )
  else if (await answers(one, { address: first.address, port }))
    faults.push(
      fault(
        'own-port-open',
        `The relay reaches port ${port} of its own machine: load the rules of "ownsight-turn render --firewall" with nft -f.`,
      ),
    )
  faults.push(...(await openRanges(options, one, 'ipv4')))
  await Promise.all([one, two].map(each => each.refresh(0).catch(() => 0)))
  const six = await connect({ transport: 'udp', host, port })
  const granted = await six.allocate(login, { family: 'ipv6' }).then(
    () => true,
    () => false,
  )
  if (granted) {
    faults.push(...(await openRanges(options, six, 'ipv6')))
    await six.refresh(0).catch(() => 0)
  }
  return faults
}

/** One random packet from `one` to the address of `two`, which must come out there, as from the address of `one`. */
async function relays(one: TurnClient, first: Endpoint, two: TurnClient, second: Endpoint): Promise<boolean> {
  const packet = randomBytes(64)
  const permitted = await Promise.all([one.permit(second), two.permit(first)]).then(() => true, codeOf)
  if (permitted !== true) return false
  return heard(
    two,
    data => data.equals(packet),
    () => one.send(second, packet),
  )
}

/** Whether a STUN server answers there: the relay's own, which must not be reached through itself. */
async function answers(client: TurnClient, peer: Endpoint): Promise<boolean> {
  if ((await client.permit(peer).then(() => true, codeOf)) !== true) return false
  const { bytes, transaction } = encode(METHOD.binding, [])
  return heard(
    client,
    data => decode(data)?.transaction === transaction,
    () => client.send(peer, bytes),
  )
}

/** Sent up to five times, as packets may be lost. */
async function heard(client: TurnClient, is: (data: Buffer) => boolean, send: () => void): Promise<boolean> {
  let found = false
  const { promise, resolve } = Promise.withResolvers<void>()
  client.onData((_, data) => {
    if (!is(data)) return
    found = true
    resolve()
  })
  for (let tries = 0; tries < 5 && !found; tries++) {
    send()
    const wait = Promise.withResolvers<void>()
    const timer = setTimeout(wait.resolve, 400)
    await Promise.race([promise, wait.promise])
    clearTimeout(timer)
  }
  return found
}

async function openRanges(
  options: CheckOptions,
  client: TurnClient,
  family: 'ipv4' | 'ipv6',
): Promise<Fault[]> {
  const allowed = new BlockList()
  for (const range of options.allowPeers ?? []) {
    const [low = '', high = ''] = range.split('-')
    allowed.addRange(low, high, isIPv6(low) ? 'ipv6' : 'ipv4')
  }
  const faults: Fault[] = []
  const closed = (options.denyPeers ?? [])
    .flatMap(range => range.split('-'))
    .filter(each => isIPv6(each) === (family === 'ipv6'))
  for (const address of [...DENIED_PROBES[family], ...closed]) {
    if (isIP(address) !== 0 && allowed.check(address, family)) continue
    const code = await client.permit({ address, port: 9 }).then(() => -1, codeOf)
    if (code === -1)
      faults.push(
        fault(
          'range-open',
          `The relay would reach ${address}, where no camera is: render its configuration again and restart it.`,
        ),
      )
  }
  return faults
}

/** TCP, TLS and its certificate, and TLS that is too old. */
async function checkDoors(options: CheckOptions, connect: Connect): Promise<Fault[]> {
  const { host, port, tlsPort, ca } = options
  const faults: Fault[] = []
  const passes = (server: Server): Promise<string> =>
    connect(server)
      .then(client => client.bind())
      .then(
        () => 'ok',
        (error: NodeJS.ErrnoException) => String(error.code ?? error.name),
      )
  if ((await passes({ transport: 'tcp', host, port })) !== 'ok')
    faults.push(
      fault('tcp-closed', `TCP port ${port} of ${host} is closed: let it in, for networks without UDP.`),
    )
  if (tlsPort === undefined) return faults
  const tls: Server = { transport: 'tls', host, port: tlsPort, ca }
  const result = await passes(tls)
  if (/CERT|ISSUER|SIGNED|ALTNAME|SIGNATURE/.test(result))
    faults.push(
      fault(
        'tls-chain',
        `The certificate on port ${tlsPort} is not good for ${host} (${result}): use the full chain of one that browsers trust.`,
      ),
    )
  else if (result !== 'ok')
    faults.push(
      fault(
        'tls-closed',
        `TLS on port ${tlsPort} of ${host} does not answer: let the port in, and give --cert and --key.`,
      ),
    )
  for (const maxTls of ['TLSv1', 'TLSv1.1'] as const)
    if ((await passes({ ...tls, maxTls, lax: true })) === 'ok')
      faults.push(
        fault('tls-old', `The relay speaks ${maxTls}: render its configuration again and restart it.`),
      )
  return faults
}
