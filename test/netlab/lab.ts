import { createNetwork, type Network } from '../support/namespaces.ts'
import { type Family, HOMES_MOST, homeNetworks, type Place, ROUTER, SERVER } from './addresses.ts'
import { type Cable, startCable } from './cable.ts'
import type { WireEnds } from './cable-orders.ts'
import { boxOf, createHome, furnish, type Home, hostOf, ipIn, nftIn } from './home.ts'
import type { LinkSettings } from './link-settings.ts'
import { type BoxRules, ROUTER_RULES } from './nat.ts'
import type { Direction } from './wire.ts'

/**
 * An internet of our own, none of it linked to this machine's network:
 *
 *     server ──── internet ════ camera-box ──── camera
 *  .10 and .11       ║
 *                    ╚═════════ viewer-box ──── viewer      ═ lines, carried by the cable
 */
export type Lab<Name extends string = string> = {
  readonly homes: Record<Name, Home>
  /** two addresses of each family, in one namespace: signaling, coturn */
  readonly server: Server
  /** the process that carries the lines */
  readonly cablePid: number
  close(): Promise<void>
}

export type Server = {
  readonly namespace: string
  readonly prefix: string[]
  readonly ipv4: readonly [string, string]
  readonly ipv6: readonly [string, string]
  run(...command: string[]): string
}

export type HomeOptions = Partial<BoxRules> & {
  readonly family?: Family
  /** the line, the same both ways or each way its own */
  readonly link?: Partial<LinkSettings> | Record<Direction, Partial<LinkSettings>>
}

export type LabOptions<Name extends string> = {
  readonly homes: Readonly<Record<Name, HomeOptions>>
  /** of all chance in its lines; the same unless given */
  readonly seed?: string
}

type Plan = { name: string; place: Place; rules: BoxRules; wire: WireEnds }

/** Needs root. Where something fails, what was made is removed again. */
export async function createLab<Name extends string>(options: LabOptions<Name>): Promise<Lab<Name>> {
  const names = Object.keys(options.homes) as Name[]
  if (names.length > HOMES_MOST) throw new Error(`a lab has at most ${HOMES_MOST} homes`)
  const network = createNetwork({
    namespaces: ['internet', 'server', ...names.flatMap(name => [hostOf(name), boxOf(name)])],
    links: [],
  })
  let cable: Cable | undefined
  try {
    const plans = names.map((name, index) =>
      plan(network, name, index, options.homes[name], options.seed ?? 'lab'),
    )
    cable = await startCable(plans.map(each => each.wire))
    buildInternet(network, plans)
    for (const { name, place, rules } of plans) furnish(network, name, place, rules)
    return assemble(network, cable, plans)
  } catch (error) {
    await cable?.close()
    network.close()
    throw error
  }
}

function plan(network: Network, name: string, index: number, options: HomeOptions, seed: string): Plan {
  const { nat = 'port-restricted', udp = 'open', tcp = 'open', family = 'ipv4', link = {} } = options
  return {
    name,
    place: { home: index, nat, family },
    rules: { nat, udp, tcp },
    wire: {
      name,
      home: { namespace: network.nameOf(boxOf(name)), device: 'eth0' },
      internet: { namespace: network.nameOf('internet'), device: `eth${index + 1}` },
      settings: 'up' in link && 'down' in link ? link : { up: link, down: link },
      seed: `${seed}/${name}`,
    },
  }
}

function buildInternet(network: Network, plans: readonly Plan[]): void {
  const sysctl = 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
  network.run('internet', 'sh', '-c', sysctl)
  nftIn(network, 'internet', ROUTER_RULES)
  ipIn(network, 'internet', [
    `link add eth0 type veth peer name eth0 netns ${network.nameOf('server')}`,
    'link set eth0 up',
    `addr add ${ROUTER.ipv4}/24 dev eth0`,
    `addr add ${ROUTER.ipv6}/64 dev eth0`,
    ...plans.flatMap(({ wire: { internet }, place }) => [
      `link set ${internet.device} multicast off txqueuelen 2000 up`,
      ...homeNetworks(place).map(each => `route add ${each} dev ${internet.device}`),
    ]),
  ])
  ipIn(network, 'server', [
    'link set eth0 up',
    ...SERVER.ipv4.map(each => `addr add ${each}/24 dev eth0`),
    ...SERVER.ipv6.map(each => `addr add ${each}/64 dev eth0`),
    `route add default via ${ROUTER.ipv4}`,
    `route add default via ${ROUTER.ipv6}`,
  ])
}

function assemble<Name extends string>(network: Network, cable: Cable, plans: readonly Plan[]): Lab<Name> {
  const homes = plans.map(({ name, place, rules }) => [
    name,
    createHome(network, cable, name, { place, rules }),
  ])
  return {
    homes: Object.fromEntries(homes) as Record<Name, Home>,
    server: {
      namespace: network.nameOf('server'),
      prefix: network.prefix('server'),
      ipv4: SERVER.ipv4,
      ipv6: SERVER.ipv6,
      run: (...command) => network.run('server', ...command),
    },
    cablePid: cable.pid,
    async close() {
      await cable.close()
      network.close()
    },
  }
}
