/** Which candidate lines survive the lint: UDP, component 1, a numeric unicast address a peer may rightly have. */

export type Candidate = { address: string; port: number; type: string }

/** In any case and with any value, so that no line that some parser may take for one slips by. */
export const isCandidate = (line: string): boolean => /^a=candidate(:|$)/i.test(line)

/** The candidate of an `a=candidate:` line (RFC 8839 §5.1), or undefined when the line is to be deleted. */
export function usableCandidate(line: string): Candidate | undefined {
  const [head, component, protocol, priority, address, port, typ, type] = line.split(' ')
  if (!/^a=candidate:[A-Za-z0-9+/]{1,32}$/.test(head ?? '') || !/^\d{1,10}$/.test(priority ?? ''))
    return undefined
  if (component !== '1' || protocol?.toLowerCase() !== 'udp' || typ !== 'typ' || !address || !type)
    return undefined
  if (!/^(host|srflx|prflx|relay)$/.test(type) || !/^[1-9][0-9]{3,4}$/.test(port ?? '')) return undefined
  const number = Number(port)
  if (number < 1024 || number > 65_535) return undefined
  const usable = address.includes(':') ? usableV6(address) : usableV4(address)
  return usable ? { address, port: number, type } : undefined
}

/** Not loopback, "this" network, link-local (with the metadata address), multicast, reserved or broadcast. */
function usableV4(address: string): boolean {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)
  if (!match) return false
  const octets = match.slice(1).map(Number)
  if (octets.some((octet, i) => octet > 255 || String(octet) !== match[i + 1])) return false
  const [a = 0, b = 0] = octets
  return a !== 0 && a !== 127 && !(a === 169 && b === 254) && a < 224
}

/** Global unicast and unique local only; no embedded IPv4, no metadata address. */
function usableV6(address: string): boolean {
  const groups = expandV6(address)
  if (!groups) return false
  const [first = 0] = groups
  const embedded = groups.slice(0, 5).every(group => group === 0) || (first === 0x64 && groups[1] === 0xff9b)
  const metadata = first === 0xfd00 && groups[1] === 0x0ec2 && groups.slice(2, 7).every(group => group === 0)
  const wanted = (first & 0xe000) === 0x2000 || (first & 0xfe00) === 0xfc00
  return wanted && !embedded && !metadata && first !== 0x2002
}

/** The eight groups of an IPv6 address (RFC 4291 §2.2), or undefined when it is none. Dotted tails are refused. */
function expandV6(address: string): number[] | undefined {
  if (address.length > 39 || !/^[0-9a-f:]+$/i.test(address)) return undefined
  const halves = address.split('::')
  if (halves.length > 2) return undefined
  const parts = halves.map(half => (half === '' ? [] : half.split(':')))
  const [head = [], tail = []] = parts
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array<string>(halves.length === 1 ? 0 : missing).fill('0'), ...tail]
  if (groups.some(group => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.map(group => Number.parseInt(group, 16))
}
