import type { NatKind } from './nat.ts'

/**
 * Who has which address, by the number of the home (0 to 15). Public ones are of the ranges for documentation
 * (RFC 5737, RFC 3849): 198.51.100.0/24 the boxes, 192.0.2.0/24 hosts without NAT, 203.0.113.0/24 the servers.
 */
export type Family = 'ipv4' | 'ipv6' | 'dual'

export const HOMES_MOST = 16

export const SERVER = {
  ipv4: ['203.0.113.10', '203.0.113.11'],
  ipv6: ['2001:db8:cb::10', '2001:db8:cb::11'],
} as const
export const ROUTER = { ipv4: '203.0.113.1', ipv6: '2001:db8:cb::1' } as const

export type Place = { readonly home: number; readonly nat: NatKind; readonly family: Family }

/** An address with the length of its network, and the host's way out. */
export type Address = { readonly address: string; readonly length: number; readonly gateway: string }

/** How often an address can change before the home has no new one. */
export const MOVES_MOST = 12

export const hasIpv4 = ({ family }: Place): boolean => family !== 'ipv6'
export const hasIpv6 = ({ family }: Place): boolean => family !== 'ipv4'

/** The box's address on its line, after it has moved `moves` times. */
export const boxAddress = ({ home }: Place, moves: number): string => `198.51.100.${16 * home + 1 + moves}`

/** The host's addresses at home, after it has moved `moves` times. */
export function hostAddresses(place: Place, moves: number): Address[] {
  const { home, nat } = place
  const ipv4: Address =
    nat === 'open'
      ? { address: `192.0.2.${16 * home + 2 + moves}`, length: 28, gateway: `192.0.2.${16 * home + 1}` }
      : { address: `10.${home + 1}.0.${2 + moves}`, length: 24, gateway: `10.${home + 1}.0.1` }
  const net = `2001:db8:${(home + 1).toString(16)}:`
  const ipv6: Address = { address: `${net}:${(2 + moves).toString(16)}`, length: 64, gateway: `${net}:1` }
  return [...(hasIpv4(place) ? [ipv4] : []), ...(hasIpv6(place) ? [ipv6] : [])]
}

/** What the router in the middle sends into this home's line. */
export const homeNetworks = ({ home }: Place): string[] => [
  `198.51.100.${16 * home}/28`,
  `192.0.2.${16 * home}/28`,
  `2001:db8:${(home + 1).toString(16)}::/48`,
]
