import { execFileSync } from 'node:child_process'

/**
 * Networks for one test: namespaces joined by veth pairs, none of them linked to this machine's own network, so that
 * nothing sent inside can leave.
 */
export type Network = {
  /** The full name of a namespace, as `ip netns` lists it. */
  nameOf(namespace: string): string
  /** Puts a namespace's name before a command: `['ip', 'netns', 'exec', …]`. */
  prefix(namespace: string): string[]
  /** Runs a command in a namespace and returns what it prints. */
  run(namespace: string, ...command: string[]): string
  /** What the namespace has sent into its links since it was made, by destination and protocol. */
  sent(namespace: string): Sent[]
  close(): void
}

/** `protocol` as nft names it: `udp`, `tcp`, `icmp`, `ipv6-icmp`. */
export type Sent = { protocol: string; address: string; packets: number }

/** Two namespaces and the address each has on the link between them, such as `{ camera: '10.9.0.1/24', … }`. */
export type Link = Record<string, string>

/**
 * No search for duplicate addresses (RFC 4862 §5.4): an IPv6 address is there at once and not two seconds later, when
 * Chromium takes its appearance for a change of network and drops what it is loading.
 */
const NO_DUPLICATES = 'for kind in default all; do echo 0 > /proc/sys/net/ipv6/conf/$kind/accept_dad; done'

let made = 0

/** Needs root. Names begin with `ownsight-<pid>`, which `npm test` looks for at its end. */
export function createNetwork(options: { namespaces: string[]; links: Link[] }): Network {
  const network = ++made
  const nameOf = (namespace: string): string => `ownsight-${process.pid}-${network}-${namespace}`
  const run = (namespace: string, ...command: string[]): string =>
    execFileSync('ip', ['netns', 'exec', nameOf(namespace), ...command], { encoding: 'utf8' })
  const close = (): void => {
    for (const namespace of options.namespaces)
      if (listNamespaces().includes(nameOf(namespace))) ip('netns', 'del', nameOf(namespace))
  }
  try {
    for (const namespace of options.namespaces) {
      ip('netns', 'add', nameOf(namespace))
      ip('-n', nameOf(namespace), 'link', 'set', 'lo', 'up')
      run(namespace, 'sh', '-c', NO_DUPLICATES)
    }
    options.links.forEach((link, index) => {
      join(link, index, nameOf)
    })
    for (const namespace of options.namespaces) countPackets(nameOf(namespace))
  } catch (error) {
    close()
    throw error
  }
  return {
    nameOf,
    prefix: namespace => ['ip', 'netns', 'exec', nameOf(namespace)],
    run,
    sent: namespace => parseSent(run(namespace, 'nft', '-j', 'list', 'table', 'inet', 'count')),
    close,
  }
}

const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/**
 * Both ends are born in their namespaces: no moment in which one is in the machine's own. The first link is also the
 * default route, so that a packet for somewhere else is sent and counted instead of being refused by the kernel. Devices are
 * named `eth0` …, as in a home: werift takes no addresses of devices whose names begin with `veth`.
 */
function join(link: Link, index: number, nameOf: (namespace: string) => string): void {
  const [[a, addressA], [b, addressB]] = Object.entries(link) as [[string, string], [string, string]]
  const device = `eth${index}`
  ip('-n', nameOf(a), 'link', 'add', device, 'type', 'veth', 'peer', 'name', device, 'netns', nameOf(b))
  for (const [namespace, own, peer] of [
    [a, addressA, addressB],
    [b, addressB, addressA],
  ] as const) {
    const name = nameOf(namespace)
    ip('-n', name, 'addr', 'add', own, 'dev', device)
    ip('-n', name, 'link', 'set', device, 'up')
    const routed = ip('-n', name, 'route', 'show', 'default') !== ''
    if (!routed) ip('-n', name, 'route', 'add', 'default', 'via', peer.split('/')[0] ?? '')
  }
}

/** One counter per destination address and protocol, for all that leaves by another way than loopback. */
const COUNT = `
table inet count {
  set sent4 { type ipv4_addr . inet_proto; flags dynamic; counter; size 4096; }
  set sent6 { type ipv6_addr . inet_proto; flags dynamic; counter; size 4096; }
  chain c_out {
    type filter hook output priority 0; policy accept;
    oifname "lo" accept
    meta nfproto ipv4 add @sent4 { ip daddr . meta l4proto }
    meta nfproto ipv6 add @sent6 { ip6 daddr . meta l4proto }
  }
}
`

function countPackets(name: string): void {
  execFileSync('ip', ['netns', 'exec', name, 'nft', '-f', '-'], { input: COUNT })
}

type Element = { elem: { val: { concat: [string, string | number] }; counter: { packets: number } } }

function parseSent(json: string): Sent[] {
  const { nftables } = JSON.parse(json) as { nftables: { set?: { elem?: Element[] } }[] }
  return nftables.flatMap(({ set }) =>
    (set?.elem ?? []).map(({ elem: { val, counter } }) => ({
      protocol: String(val.concat[1]),
      address: val.concat[0],
      packets: counter.packets,
    })),
  )
}

/** The names of this machine's network namespaces. */
export const listNamespaces = (): string[] =>
  ip('netns', 'list')
    .split('\n')
    .map(line => line.split(' ')[0] ?? '')
    .filter(name => name !== '')
