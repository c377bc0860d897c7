import { usableCandidate } from '@ownsight/protocol/sdp-candidate'

/** Behind public addresses (100) and before relays (0), where RFC 8445 §5.1.2.1 recommends 126. */
const BEHIND_PUBLIC = 90

/**
 * A viewer behind another public address is most likely not in this house. Browsers try one pair each 50 ms, the
 * likeliest first: then the addresses of the house stand behind the public one. All of them are still tried.
 */
export function orderFor(offer: string, answer: string): string {
  const theirs = candidatesOf(offer)
  const here = publicOf(candidatesOf(answer))
  const there = publicOf(theirs)
  const isElsewhere = here.length > 0 && there.length > 0 && !there.some(each => here.includes(each))
  // One that shows an address of its own network may be on ours, by a tunnel for instance.
  if (!isElsewhere || theirs.some(({ type, address }) => type === 'host' && isOfHouse(address))) return answer
  return answer.split('\r\n').map(putBehind).join('\r\n')
}

const candidatesOf = (sdp: string) => sdp.split('\r\n').flatMap(line => usableCandidate(line) ?? [])
const publicOf = (candidates: ReturnType<typeof candidatesOf>): string[] =>
  candidates.filter(({ type }) => type === 'srflx').map(({ address }) => address)

function putBehind(line: string): string {
  const own = usableCandidate(line)
  if (own?.type !== 'host' || !isOfHouse(own.address)) return line
  const fields = line.split(' ')
  fields[3] = String(BEHIND_PUBLIC * 2 ** 24 + (Number(fields[3]) % 2 ** 24))
  return fields.join(' ')
}

/** Addresses that mean something in one network only: RFC 1918, RFC 6598, RFC 3927. */
const isOfHouse = (address: string): boolean =>
  /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
    address,
  )
