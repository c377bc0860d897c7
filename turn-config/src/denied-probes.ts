import { DENIED_IPV4, DENIED_IPV6 } from './ranges.ts'

const ends = (ranges: readonly string[]): string[] => [...new Set(ranges.flatMap(range => range.split('-')))]

/**
 * Addresses a relay must refuse: both ends of each denied range, those that attackers ask for first, and these written as
 * IPv6, which older versions of coturn let through (CVE-2026-27624).
 */
export const DENIED_PROBES = {
  ipv4: [...ends(DENIED_IPV4), '127.0.0.1', '169.254.169.254', '10.1.2.3', '192.168.1.1'],
  ipv6: [
    ...ends(DENIED_IPV6),
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:10.1.2.3',
    '::ffff:169.254.169.254',
    '64:ff9b::10.1.2.3',
    'fd00:ec2::254',
    'fe80::1',
  ],
} as const
