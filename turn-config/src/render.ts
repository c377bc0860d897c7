import { isIPv6 } from 'node:net'
import type { TurnOptions } from './options.ts'
import { DENIED_IPV4, DENIED_IPV6 } from './ranges.ts'

type Lines = readonly (string | undefined)[]

/**
 * coturn's configuration, for version 4.5.2 and later. Each line is there for a reason that stands above its group; what
 * coturn does not know it only logs, so that every line here has a probe that sees a real coturn obey it
 * (test/contract/turn-options.test.ts fails for one that has none).
 */
export function render(options: TurnOptions): string {
  const groups: [string, Lines][] = [
    [
      'Who it is',
      [
        `realm=${options.realm}`,
        ...options.externalIp.filter(isTranslated).map(each => `external-ip=${each}`),
      ],
    ],
    ['Where it listens and relays', listening(options)],
    [
      'Only credentials that signaling has lent, good for minutes; two secrets while one takes the place of the other',
      [
        'use-auth-secret',
        ...options.secrets.map(secret => `static-auth-secret=${secret}`),
        'stale-nonce=600',
        'fingerprint',
      ],
    ],
    [
      'How much one may take, and all together; bytes a second',
      [
        `user-quota=${options.userQuota}`,
        `total-quota=${options.totalQuota}`,
        `max-bps=${bytes(options.sessionKbit)}`,
        options.totalKbit === undefined ? undefined : `bps-capacity=${bytes(options.totalKbit)}`,
      ],
    ],
    [
      'Nothing of this machine, of its network or of any private one is reached through it',
      [
        ...[...DENIED_IPV4, ...DENIED_IPV6, ...options.denyPeers].map(range => `denied-peer-ip=${range}`),
        // Two allocations of this relay meet at its own address. The firewall keeps them off its other ports.
        ...ownAddresses(options).map(own => `allowed-peer-ip=${own}`),
        ...options.allowPeers.map(range => `allowed-peer-ip=${range}`),
        'no-multicast-peers',
        'no-tcp-relay',
      ],
    ],
    [
      'Nothing else is open, and it does not say what it is',
      ['no-cli', 'no-rfc5780', 'no-software-attribute'],
    ],
    [
      'What it keeps: a secret in a database of coturn counts beside these, so that it has an empty one of its own',
      [
        `userdb=${options.stateFolder}/turndb`,
        `pidfile=${options.stateFolder}/turnserver.pid`,
        'log-file=stdout',
      ],
    ],
  ]
  return groups
    .map(([why, lines]) => [`# ${why}`, ...lines.filter(line => line !== undefined), ''].join('\n'))
    .join('\n')
}

/** What it is told in kbit/s, coturn counts in bytes a second. */
const bytes = (kbit: number): number => Math.round((kbit * 1000) / 8)

const isTranslated = (address: string): boolean => address.includes('/')
/** As peers see it, and as this machine has it. */
const ownAddresses = ({ externalIp }: TurnOptions): string[] => [
  ...new Set(externalIp.flatMap(each => each.split('/'))),
]

function listening(options: TurnOptions): Lines {
  const { listenIp, externalIp, port, tls, relayPorts } = options
  const own = listenIp ?? externalIp.map(each => each.split('/').at(-1) ?? each)
  return [
    ...own.map(address => `listening-ip=${address}`),
    ...own.map(address => `relay-ip=${address}`),
    `listening-port=${port}`,
    // A second port to ask: by what it sees of one socket there, a network is told what its router does (RFC 5780 §4.3).
    ...own.map(address => `aux-server=${isIPv6(address) ? `[${address}]` : address}:${port + 1}`),
    `min-port=${relayPorts[0]}`,
    `max-port=${relayPorts[1]}`,
    ...(tls
      ? [
          `tls-listening-port=${tls.port}`,
          `cert=${tls.cert}`,
          `pkey=${tls.key}`,
          'no-tlsv1',
          'no-tlsv1_1',
          'no-dtls',
        ]
      : ['no-tls', 'no-dtls']),
  ]
}

/**
 * A second wall, for nftables: what the relay's user may send to. A mistake in coturn then opens nothing. Its own address
 * is open on the relay ports alone.
 */
export function renderFirewall(options: TurnOptions): string {
  const v4 = (range: string): boolean => !range.includes(':')
  const own = ownAddresses(options)
  const [first, last] = options.relayPorts
  const allow = options.allowPeers
  const rules = [
    `meta skuid != ${options.user} accept`,
    'ct state established,related accept',
    ...own.map(each => `${v4(each) ? 'ip' : 'ip6'} daddr ${each} udp dport ${first}-${last} accept`),
    ...own.map(each => `${v4(each) ? 'ip' : 'ip6'} daddr ${each} drop`),
    ...options.denyPeers.map(range => `${v4(range) ? 'ip' : 'ip6'} daddr ${range} drop`),
    ...allow.map(range => `${v4(range) ? 'ip' : 'ip6'} daddr ${range} accept`),
    `ip daddr { ${DENIED_IPV4.join(', ')} } drop`,
    `ip6 daddr { ::1, ${DENIED_IPV6.join(', ')} } drop`,
  ]
  return [
    'table inet ownsight_turn',
    'delete table inet ownsight_turn',
    'table inet ownsight_turn {',
    '  chain relay_out {',
    '    type filter hook output priority 0; policy accept;',
    ...rules.map(rule => `    ${rule}`),
    '  }',
    '}',
    '',
  ].join('\n')
}
