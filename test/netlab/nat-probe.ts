import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Dependence } from './nat.ts'
import { type ChangeRequest, decodeAnswer, type Endpoint, encodeRequest } from './stun.ts'

/**
 * Finds out what the NAT before this host does (RFC 5780 §4.3, §4.4) with a server of two addresses and two ports, and
 * prints it as JSON. Arguments: two addresses, two ports, milliseconds to wait for an answer, and "mapped" where no more
 * is asked.
 */
export type NatReport = {
  /** where the server saw it come from; null: UDP does not come through */
  readonly mapped: Endpoint | null
  /** whether that port is the host's own */
  readonly keepsPort: boolean
  /** null: not asked */
  readonly mapping: Dependence | null
  readonly filtering: Dependence | null
}

const [a1 = '', a2 = ''] = process.argv.slice(2, 4)
const [p1 = 0, p2 = 0, patience = 1000] = process.argv.slice(4, 7).map(Number)
const SAME: ChangeRequest = { address: false, port: false }

async function probe(): Promise<NatReport> {
  const socket = await open()
  const first = await ask(socket, a1, p1)
  if (!first) return { mapped: null, keepsPort: false, mapping: null, filtering: null }
  const mapped = { mapped: first, keepsPort: first.port === socket.address().port }
  if (process.argv[7] === 'mapped') return { ...mapped, mapping: null, filtering: null }
  return {
    ...mapped,
    mapping: await mappingOf(socket, first),
    filtering: await filteringOf(await open()),
  }
}

async function mappingOf(socket: Socket, first: Endpoint): Promise<Dependence> {
  const otherAddress = await ask(socket, a2, p1)
  const otherPort = await ask(socket, a2, p2)
  if (!otherAddress || !otherPort) throw new Error('the server answers at one of its addresses only')
  if (same(first, otherAddress)) return 'endpoint-independent'
  return same(otherAddress, otherPort) ? 'address-dependent' : 'address-and-port-dependent'
}

/** With a socket that has sent to nobody else: an answer from elsewhere comes only through a filter that lets it. */
async function filteringOf(socket: Socket): Promise<Dependence> {
  if (!(await ask(socket, a1, p1))) throw new Error('the server has stopped answering')
  if (await ask(socket, a1, p1, { address: true, port: true })) return 'endpoint-independent'
  if (await ask(socket, a1, p1, { address: false, port: true })) return 'address-dependent'
  return 'address-and-port-dependent'
}

const same = (a: Endpoint, b: Endpoint): boolean => a.address === b.address && a.port === b.port

/** Asks three times. @returns the mapped address, or nothing when no answer comes */
function ask(
  socket: Socket,
  address: string,
  port: number,
  change: ChangeRequest = SAME,
): Promise<Endpoint | undefined> {
  const { bytes, transaction } = encodeRequest(change)
  return new Promise(resolve => {
    const end = (mapped: Endpoint | undefined): void => {
      clearInterval(again)
      clearTimeout(over)
      socket.off('message', hear)
      resolve(mapped)
    }
    const hear = (answer: Buffer): void => {
      const decoded = decodeAnswer(answer)
      if (decoded?.transaction === transaction) end(decoded.mapped)
    }
    const send = (): void => socket.send(bytes, port, address)
    const again = setInterval(send, patience / 3)
    const over = setTimeout(end, patience, undefined)
    socket.on('message', hear)
    send()
  })
}

function open(): Promise<Socket> {
  const v6 = isIPv6(a1)
  const socket = createSocket(v6 ? 'udp6' : 'udp4')
  // A closed port or a missing way is an answer that does not come.
  socket.on('error', () => undefined)
  return new Promise(resolve => socket.bind(0, v6 ? '::' : '0.0.0.0', () => resolve(socket)))
}

console.log(JSON.stringify(await probe()))
process.exit()
