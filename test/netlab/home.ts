import { execFileSync } from 'node:child_process'
import type { Network, Sent } from '../support/namespaces.ts'
import {
  type Address,
  boxAddress,
  hasIpv4,
  hasIpv6,
  hostAddresses,
  MOVES_MOST,
  type Place,
} from './addresses.ts'
import type { Cable } from './cable.ts'
import type { LinkStatistics } from './link.ts'
import type { LinkSettings } from './link-settings.ts'
import { type BoxRules, boxRules } from './nat.ts'
import { readTrace, type Trace, type TraceName } from './trace.ts'
import type { Direction } from './wire.ts'

/** One host behind a box behind a line. */
export type Home = {
  /** full name of the host's namespace, as `launchChromium` takes it */
  readonly namespace: string
  /** what to put before a command so that the host runs it */
  readonly prefix: string[]
  /** the host's addresses now */
  addresses(): string[]
  run(...command: string[]): string
  /** what the host has sent since the lab was made, by destination and protocol */
  sent(): Sent[]
  readonly line: Line
  /** Another kind of NAT, from now on: all mappings are lost. To and from `open` it cannot change. */
  change(rules: Partial<BoxRules>): Promise<void>
  /** As a phone that goes from Wi-Fi to mobile: new address of the host and of the box, all mappings lost. */
  moveAddress(options?: { only?: 'host' | 'box' }): Promise<void>
  /** The box forgets its mappings, as after a restart. A symmetric one then gives other ports. */
  rebind(): Promise<void>
}

/** The line between box and internet. */
export type Line = {
  /** @param direction none: both */
  set(change: Partial<LinkSettings>, direction?: Direction): Promise<void>
  /** null: stays as it is now */
  follow(trace: TraceName | Trace | null, options?: { loop?: boolean }): Promise<void>
  /** Swallows all, until told not to. */
  blackHole(on: boolean): Promise<void>
  statistics(): Promise<Record<Direction, LinkStatistics>>
}

export const hostOf = (name: string): string => name
export const boxOf = (name: string): string => `${name}-box`

/** Several `ip` commands in one process. */
export const ipIn = (network: Network, namespace: string, lines: readonly string[]): void =>
  void execFileSync('ip', ['-n', network.nameOf(namespace), '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    stdio: ['pipe', 'pipe', 'pipe'],
  })

export const nftIn = (network: Network, namespace: string, rules: string): void =>
  void execFileSync('ip', ['netns', 'exec', network.nameOf(namespace), 'nft', '-f', '-'], {
    input: rules,
    stdio: ['pipe', 'pipe', 'pipe'],
  })

const leave = ({ address, length }: Address): string => `addr del ${address}/${length} dev eth0`
const arrive = ({ address, length, gateway }: Address): string[] => [
  `addr add ${address}/${length} dev eth0`,
  `route replace default via ${gateway} dev eth0`,
]

/** Host and box, joined; the line's device is there already. */
export function furnish(network: Network, name: string, place: Place, rules: BoxRules): void {
  const [host, box] = [hostOf(name), boxOf(name)]
  const addresses = hostAddresses(place, 0)
  const sysctl = 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
  network.run(box, 'sh', '-c', sysctl)
  ipIn(network, host, [
    `link add eth0 type veth peer name eth1 netns ${network.nameOf(box)}`,
    'link set eth0 up',
  ])
  ipIn(network, box, [
    'link set eth1 up',
    ...addresses.map(({ gateway, length }) => `addr add ${gateway}/${length} dev eth1`),
    'link set eth0 multicast off txqueuelen 2000 up',
    ...(hasIpv4(place) ? [`addr add ${boxAddress(place, 0)}/32 dev eth0`, 'route add default dev eth0'] : []),
    ...(hasIpv6(place) ? ['route add ::/0 dev eth0'] : []),
  ])
  ipIn(network, host, addresses.flatMap(arrive))
  nftIn(network, box, boxRules(rules))
}

export function createHome(
  network: Network,
  cable: Cable,
  name: string,
  options: { place: Place; rules: BoxRules },
): Home {
  const { place } = options
  const [host, box] = [hostOf(name), boxOf(name)]
  let rules = options.rules
  const moves = { host: 0, box: 0 }
  const rebind = async (): Promise<void> => {
    nftIn(network, box, boxRules(rules))
    await cable.flush(network.nameOf(box))
  }
  return {
    namespace: network.nameOf(host),
    prefix: network.prefix(host),
    addresses: () => hostAddresses(place, moves.host).map(each => each.address),
    run: (...command) => network.run(host, ...command),
    sent: () => network.sent(host),
    line: createLine(cable, name),
    async change(change) {
      const nat = change.nat ?? rules.nat
      if ((nat === 'open') !== (rules.nat === 'open'))
        throw new Error(`a home that is ${rules.nat} cannot become ${nat}: make a lab with it`)
      rules = { ...rules, ...change }
      await rebind()
    },
    async moveAddress({ only } = {}) {
      if (Math.max(moves.host, moves.box) >= MOVES_MOST)
        throw new Error(`a home has no more than ${MOVES_MOST} new addresses`)
      if (only !== 'box') moveHost(network, host, place, moves.host++)
      if (only !== 'host') moveBox(network, box, place, moves.box++)
      await rebind()
    },
    rebind,
  }
}

/** From its address after `moves` moves to the next. */
function moveHost(network: Network, host: string, place: Place, moves: number): void {
  const [from, to] = [hostAddresses(place, moves), hostAddresses(place, moves + 1)]
  ipIn(network, host, [...from.map(leave), ...to.flatMap(arrive)])
}

function moveBox(network: Network, box: string, place: Place, moves: number): void {
  if (!hasIpv4(place)) return
  ipIn(network, box, [
    `addr del ${boxAddress(place, moves)}/32 dev eth0`,
    `addr add ${boxAddress(place, moves + 1)}/32 dev eth0`,
    'route replace default dev eth0',
  ])
}

const createLine = (cable: Cable, wire: string): Line => ({
  set: (change, direction) => cable.set(wire, change, direction),
  follow: (trace, options) =>
    cable.follow(wire, typeof trace === 'string' ? readTrace(trace) : trace, options),
  blackHole: on => cable.set(wire, { hole: on }),
  statistics: () => cable.statistics(wire),
})
