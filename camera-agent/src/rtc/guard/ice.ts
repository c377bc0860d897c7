import {
  type Address,
  type IceConnection,
  iceConnection,
  type StunProtocol,
  stunMessage,
} from './internals.ts'
import { checkAgain } from './triggered-check.ts'
import { usedPair } from './used-pair.ts'

const uses = new WeakMap<IceConnection, ReturnType<typeof usedPair>>()
const checked = new WeakMap<IceConnection, Set<string>>()
const CHECKED_MAX = 64
const textOf = ([host, port]: Address): string => `${host} ${port}`

/**
 * ICE as RFC 8445 §7.3 wants it: a request counts only with our username and a message integrity made with our
 * password, and data only from the address of the pair in use, from one whose check was authenticated (the peer may
 * move to another pair, which werift does not follow), or before nomination from a known candidate.
 */
export function installIceGuard(): void {
  const { prototype } = iceConnection()
  const original = prototype.ensureProtocol
  prototype.ensureProtocol = function ensureProtocol(this: IceConnection, protocol: StunProtocol) {
    original.call(this as never, protocol)
    authenticateRequests(this, protocol)
    filterSources(this, protocol)
  }
}

function authenticateRequests(connection: IceConnection, protocol: StunProtocol): void {
  const event = protocol.onRequestReceived
  const obey = event.execute.bind(event)
  event.execute = (message, address, data) => {
    const username = message.getAttributeValue('USERNAME')
    if (username !== `${connection.localUsername}:${connection.remoteUsername}`) return
    if (!message.attributesKeys.includes('MESSAGE-INTEGRITY')) return
    if (!endsWithIntegrity(data)) return
    try {
      if (!stunMessage().parseMessage(data, Buffer.from(connection.localPassword))) return
    } catch {
      return
    }
    const addresses = checked.get(connection) ?? new Set<string>()
    checked.set(connection, addresses)
    if (addresses.size < CHECKED_MAX) addresses.add(textOf(address))
    const again = checkAgain(protocol, address)
    obey(message, address, data)
    again()
  }
}

const STUN_HEADER = 20
const MESSAGE_INTEGRITY = 0x0008
const FINGERPRINT = 0x8028

/** What stands behind the integrity is not covered by it and must not count: only FINGERPRINT may (RFC 8489 §14.5). */
function endsWithIntegrity(data: Buffer): boolean {
  let sealed = false
  for (let at = STUN_HEADER; at + 4 <= data.length; at += 4 + ((data.readUInt16BE(at + 2) + 3) & ~3)) {
    const type = data.readUInt16BE(at)
    if (sealed && type !== FINGERPRINT) return false
    if (type === MESSAGE_INTEGRITY) sealed = true
  }
  return sealed
}

function filterSources(connection: IceConnection, protocol: StunProtocol): void {
  const name = protocol.datagramReceived ? 'datagramReceived' : 'handleStunMessage'
  const receive = protocol[name]?.bind(protocol)
  if (!receive) return
  const noteUse = uses.get(connection) ?? usedPair(connection)
  uses.set(connection, noteUse)
  protocol[name] = (data, address) => {
    const first = data[0] ?? 0
    // STUN begins with two zero bits (RFC 7983 §7) and is judged by its integrity.
    if (first >= 4 && !isKnown(connection, address)) return
    noteUse(protocol, address, data)
    receive(data, address)
  }
}

function isKnown(connection: IceConnection, address: Address): boolean {
  const pair = connection.nominated
  if (checked.get(connection)?.has(textOf(address))) return true
  if (pair) return textOf(pair.remoteAddr) === textOf(address)
  return connection.remoteCandidates.some(({ host, port }) => textOf([host, port]) === textOf(address))
}
