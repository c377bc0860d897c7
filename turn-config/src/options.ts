import { BlockList, isIP } from 'node:net'
import * as v from 'valibot'

/** A setting of the relay that cannot be used: where it stands, and what to write instead. */
export class TurnOptionError extends Error {
  override readonly name = 'TurnOptionError'
  readonly path: string
  constructor(path: string, remedy: string) {
    super(`${path}: ${remedy}`)
    this.path = path
  }
}

const port = v.pipe(
  v.number('give a port'),
  v.integer('give a port'),
  v.minValue(1, 'give a port from 1 to 65535'),
  v.maxValue(65_535, 'give a port from 1 to 65535'),
)
const address = v.pipe(
  v.string(),
  v.check(value => isIP(value) !== 0, 'give an IP address such as 203.0.113.10'),
)
/** `public`, or `public/private` where a box translates the address of this machine */
const external = v.pipe(
  v.string(),
  v.check(
    value => value.split('/').every(part => isIP(part) !== 0) && value.split('/').length <= 2,
    'give the public address, or public/private behind a NAT',
  ),
)
const range = v.pipe(
  v.string(),
  v.check(
    value => value.split('-').length === 2 && value.split('-').every(part => isIP(part) !== 0),
    'give two addresses with a hyphen between them',
  ),
)
const addresses = v.pipe(
  v.string(),
  v.check(
    value => value.split('-').length <= 2 && value.split('-').every(part => isIP(part) !== 0),
    'give an address, or two with a hyphen between them',
  ),
)
const count = (low: number, high: number) =>
  v.pipe(
    v.number(),
    v.integer(),
    v.minValue(low, `give at least ${low}`),
    v.maxValue(high, `give at most ${high}`),
  )

const schema = v.strictObject({
  /** names the relay in its challenges (RFC 8489 §9.2) */
  realm: v.pipe(
    v.string(),
    v.regex(/^[0-9A-Za-z.-]{1,253}$/, 'give a domain name such as relay.example.org'),
  ),
  externalIp: v.pipe(
    v.array(external),
    v.minLength(1, 'name the public address of this machine'),
    v.maxLength(4),
  ),
  /** newest first; two while one takes the other's place */
  secrets: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(2)),
  /** absent: the private half of externalIp, or the whole of it */
  listenIp: v.optional(v.pipe(v.array(address), v.minLength(1), v.maxLength(4))),
  /** the one after it answers too, so that a network can be told what its router does */
  port: v.optional(v.pipe(port, v.maxValue(65_534, 'give a port from 1 to 65534')), 3478),
  /** PEM files; without them there is no TLS, and networks that let out port 443 alone cannot reach the relay */
  tls: v.optional(v.strictObject({ cert: v.string(), key: v.string(), port: v.optional(port, 443) })),
  relayPorts: v.optional(v.tuple([port, port]), [49_152, 65_535]),
  /** allocations of one credential, and in all */
  userQuota: v.optional(count(1, 1000), 18),
  totalQuota: v.optional(count(1, 100_000), 1800),
  /** kbit/s of one allocation, each way */
  sessionKbit: v.optional(count(64, 1_000_000), 8000),
  /** kbit/s in all; absent: no bound */
  totalKbit: v.optional(count(64, 100_000_000)),
  /** peers that a denied range would refuse, such as cameras in a network of your own */
  allowPeers: v.optional(v.pipe(v.array(range), v.maxLength(32)), []),
  /** more that it must not reach, such as the machine of signaling, where that is another: an address or `first-last` */
  denyPeers: v.optional(v.pipe(v.array(addresses), v.maxLength(32)), []),
  /** absolute; what coturn writes there is of no use after it ends. The service and the container make it */
  stateFolder: v.optional(
    v.pipe(v.string(), v.regex(/^(\/[0-9A-Za-z._-]+)+$/, 'give an absolute path such as /run/ownsight-turn')),
    '/run/ownsight-turn',
  ),
  /** user the relay runs as, for the firewall */
  user: v.optional(v.pipe(v.string(), v.regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'give a user name')), 'turnserver'),
})

export type TurnOptionsInput = v.InferInput<typeof schema>
export type TurnOptions = v.InferOutput<typeof schema>

/** @throws TurnOptionError naming the first setting that is wrong, and what to write */
export function parseTurnOptions(value: unknown): TurnOptions {
  const result = v.safeParse(schema, value)
  if (!result.success) {
    const [issue] = result.issues
    const unknown = issue.type === 'strict_object' && issue.expected === 'never'
    throw new TurnOptionError(
      v.getDotPath(issue) ?? 'options',
      unknown ? 'remove this unknown setting' : issue.message,
    )
  }
  const { relayPorts, port: plain, tls, totalQuota, userQuota } = result.output
  const [first, last] = relayPorts
  if (last < first + 1) throw new TurnOptionError('relayPorts', 'give the lower port first')
  for (const [path, each] of [
    ['port', plain],
    ['port', plain + 1],
    ['tls.port', tls?.port],
  ] as const)
    if (each !== undefined && each >= first && each <= last)
      throw new TurnOptionError(path, 'choose one outside relayPorts')
  if (tls?.port === plain || tls?.port === plain + 1)
    throw new TurnOptionError('tls.port', 'choose another than port and the one after it')
  if (totalQuota < userQuota) throw new TurnOptionError('totalQuota', 'give at least userQuota')
  refuseOverlap(result.output)
  return result.output
}

/** In coturn what is allowed beats what is denied: an address that is both would be open without a word. */
function refuseOverlap({ allowPeers, denyPeers, externalIp }: TurnOptions): void {
  const own = externalIp.flatMap(each => each.split('/'))
  for (const [i, denied] of denyPeers.entries()) {
    const path = `denyPeers.${i}`
    if (own.some(each => overlap(each, denied)))
      throw new TurnOptionError(
        path,
        "leave out the relay's own address, where two relayed ends meet: the firewall closes its other ports",
      )
    if (allowPeers.some(each => overlap(each, denied)))
      throw new TurnOptionError(path, 'it is in allowPeers too: leave it out in one of the two')
  }
}

function overlap(one: string, other: string): boolean {
  const holds = (range: string, address: string): boolean => {
    const [low = '', high = low] = range.split('-')
    if (isIP(low) !== isIP(address)) return false
    const family = isIP(low) === 6 ? 'ipv6' : 'ipv4'
    const list = new BlockList()
    list.addRange(low, high, family)
    return list.check(address, family)
  }
  return (
    other.split('-').some(address => holds(one, address)) ||
    one.split('-').some(address => holds(other, address))
  )
}
