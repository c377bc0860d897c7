import { hasProved } from './dtls-guard.ts'
import {
  type Address,
  type DtlsTransport,
  dtlsTransport,
  type IceConnection,
  iceConnection,
  type StunProtocol,
  type WeriftEvent,
} from './guard/internals.ts'
import { GuardError } from './guard-error.ts'
import { type Keys, type Loopback, loopback, makeKeys } from './loopback.ts'
import { gateSctp } from './sctp-gate.ts'
import { leavesAsWeriftWould } from './send/path-check.ts'
import { internal, werift } from './werift.ts'

const WAIT_MS = 3000

type Case = { name: string; holds: (keys: Keys[]) => Promise<boolean> }

/**
 * Plays the guard's negative cases against this very process, and one honest handshake. The agent starts only when
 * each ends as it must.
 * @throws GuardError self_test, naming the first case that did not hold
 */
export async function selfTest(): Promise<void> {
  const keys = await Promise.all([makeKeys(), makeKeys()])
  const results = await Promise.all(
    CASES.map(async ({ name, holds }) => ({ name, held: await holds(keys).catch(() => false) })),
  )
  const failed = results.find(result => !result.held)
  if (failed)
    throw new GuardError(
      'self_test',
      `refusing to start: the guard's self-test "${failed.name}" did not hold. Run npm ci, and report it.`,
    )
}

const CASES: readonly Case[] = [
  { name: 'an honest peer connects, each record number once', holds: honestPeerConnects },
  { name: 'a certificate without its key is refused', holds: keys => isRefused(keys, foreignKey(keys)) },
  {
    name: 'a peer without extended master secret is refused',
    holds: keys => isRefused(keys, pair(keys), { extendedMasterSecret: false }),
  },
  { name: 'nothing in the clear is obeyed after the proof', holds: clearTextIsIgnored },
  { name: 'a copied record is delivered once', holds: copyIsDropped },
  { name: 'an unauthenticated STUN request is ignored', holds: forgedStunIsIgnored },
  { name: 'the DTLS client role is refused', holds: clientRoleIsRefused },
  { name: 'a copied SRTP packet is taken once', holds: copiedMediaIsDropped },
  {
    name: 'an SCTP chunk that nobody knows, or without a length, is as if lost',
    holds: strangeSctpIsDropped,
  },
  { name: 'a second description is refused', holds: secondDescriptionIsRefused },
  { name: 'media leaves as the library would send it', holds: leavesAsWeriftWould },
]

const pair = ([server, client]: Keys[]): { server: Keys; client: Keys } => {
  if (!server || !client) throw new Error('two key pairs')
  return { server, client }
}

/** Shows the second pair's certificate and signs with the first pair's key. */
const foreignKey = (keys: Keys[]): { server: Keys; client: Keys } => {
  const { server, client } = pair(keys)
  return { server, client: { ...client, keyPem: server.keyPem } }
}

async function isRefused(
  _keys: Keys[],
  own: { server: Keys; client: Keys },
  client?: object,
): Promise<boolean> {
  const line = loopback(own, client ? { client } : {})
  const outcome = await line.outcome(WAIT_MS)
  const refused = outcome instanceof GuardError && !line.server.connected && !hasProved(line.server)
  line.close()
  return refused
}

async function connected(keys: Keys[]): Promise<Loopback> {
  const line = loopback(pair(keys))
  if ((await line.outcome(WAIT_MS)) !== 'connected' || !hasProved(line.server))
    throw new GuardError('not_installed', 'an honest peer was not proved')
  return line
}

/** The explicit nonces of all sealed records that left the server (RFC 5288 §3). */
function nonces(datagrams: readonly Buffer[]): string[] {
  const found: string[] = []
  for (const datagram of datagrams) {
    for (let at = 0; at + 21 <= datagram.length; at += 13 + datagram.readUInt16BE(at + 11))
      if (datagram.readUInt16BE(at + 3) === 1)
        found.push(`${datagram.toString('hex', at + 13, at + 21)}:${datagram.toString('hex', at)}`)
  }
  return found
}

async function honestPeerConnects(keys: Keys[]): Promise<boolean> {
  const line = await connected(keys)
  for (let i = 0; i < 20; i++) await line.server.send(Buffer.from([i]))
  // A record sent again is the same bytes: only another record under the same nonce is a fault.
  const records = new Set(nonces(line.toClient))
  const distinct = new Set([...records].map(record => record.split(':')[0]))
  line.close()
  return records.size >= 21 && distinct.size === records.size
}

async function clearTextIsIgnored(keys: Keys[]): Promise<boolean> {
  const line = await connected(keys)
  const secret = line.server.cipher.masterSecret
  let closed = false
  line.server.onClose.subscribe(() => {
    closed = true
  })
  line.inject(Buffer.from('15fefd00000000000000630002 0100'.replaceAll(' ', ''), 'hex'), 'server')
  for (const datagram of line.toServer.slice(0, 2)) line.inject(datagram, 'server')
  await new Promise(resolve => setImmediate(resolve))
  const heldOut = line.server.connected && line.server.cipher.masterSecret === secret && !closed
  line.close()
  return heldOut
}

async function copyIsDropped(keys: Keys[]): Promise<boolean> {
  const line = await connected(keys)
  let delivered = 0
  const first = Promise.withResolvers<void>()
  line.server.onData.subscribe(() => {
    delivered++
    first.resolve()
  })
  await line.client.send(Buffer.from('once'))
  await first.promise
  const record = line.toServer.at(-1)
  for (let i = 0; record && i < 3; i++) line.inject(record, 'server')
  line.close()
  return delivered === 1
}

type Message = {
  bytes: Buffer
  setAttribute(name: string, value: unknown): Message
  addMessageIntegrity(key: Buffer): Message
}
type Stun = { Message: new (method: number, kind: number) => Message; parseMessage(data: Buffer): never }

async function forgedStunIsIgnored(): Promise<boolean> {
  const { Event } = internal<{ Event: new () => WeriftEvent<never[]> }>('common/src/event.js')
  const Connection = iceConnection() as unknown as new (
    controlling: boolean,
    options: object,
  ) => IceConnection
  const connection = new Connection(false, {})
  connection.remoteUsername = 'them'
  let answered = 0
  const protocol = {
    onRequestReceived: new Event(),
    onDataReceived: new Event(),
    datagramReceived: () => undefined,
    sendStun: async () => {
      answered++
    },
  }
  connection.ensureProtocol(protocol as unknown as StunProtocol)
  const { Message, parseMessage } = internal<Stun>('ice/src/stun/message.js')
  const address: Address = ['192.0.2.1', 40_000]
  for (const username of [`${connection.localUsername}:them`, 'any:one']) {
    const request = new Message(1, 0).setAttribute('USERNAME', username).setAttribute('ICE-CONTROLLED', 1n)
    request.addMessageIntegrity(Buffer.from('not the password'))
    protocol.onRequestReceived.execute(...([parseMessage(request.bytes), address, request.bytes] as never[]))
  }
  return answered === 0 && connection.iceControlling === false
}

async function clientRoleIsRefused(): Promise<boolean> {
  const transport = Object.create(dtlsTransport().prototype as object) as {
    role: string
    start(): Promise<void>
  }
  transport.role = 'client'
  return transport.start().then(
    () => false,
    error => error instanceof GuardError && error.code === 'role',
  )
}

async function copiedMediaIsDropped(): Promise<boolean> {
  const taken: Buffer[] = []
  const decrypt = (packet: Buffer): Buffer => {
    taken.push(packet)
    return packet
  }
  const transport = Object.assign(Object.create(dtlsTransport().prototype as object), {
    srtpStarted: true,
    dtls: { srtp: { srtpProfile: 7 } },
    srtp: { decrypt },
    srtcp: { decrypt },
  }) as DtlsTransport
  transport.startSrtp()
  for (const session of [transport.srtp, transport.srtcp])
    for (let copy = 0; copy < 2; copy++) {
      try {
        session?.decrypt(Buffer.alloc(32, 0x80))
      } catch {}
    }
  return taken.length === 2
}

async function strangeSctpIsDropped(): Promise<boolean> {
  const taken: Buffer[] = []
  const transport = { dataReceiver: (_: Buffer): void => undefined }
  const sctp = {
    inboundStreams: {},
    onReceive: { execute: () => undefined },
    handleData: async (packet: Buffer) => void taken.push(packet),
  }
  gateSctp(transport, { sctp, datachannelReceive: async () => undefined }, () => undefined)
  const header = '00'.repeat(12)
  for (const chunk of ['00000000', '3f000004', '0b000004'])
    transport.dataReceiver(Buffer.from(header + chunk, 'hex'))
  return taken.length === 1
}

async function secondDescriptionIsRefused(): Promise<boolean> {
  const { prototype } = werift.RTCPeerConnection
  const connection = Object.create(prototype) as typeof prototype
  const describe = (): Promise<unknown> =>
    connection.setRemoteDescription({ type: 'offer', sdp: '' }).catch((error: unknown) => error)
  await describe()
  const error = await describe()
  return error instanceof GuardError && error.code === 'second_description'
}
