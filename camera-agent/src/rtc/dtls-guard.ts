import { installIceGuard } from './guard/ice.ts'
import {
  type DtlsTransport,
  dtlsSocket,
  dtlsTransport,
  flight6Class,
  flightClass,
  iceConnection,
  type Socket,
  srtpAuthenticationError,
} from './guard/internals.ts'
import { installKeyExchange } from './guard/native-key-exchange.ts'
import { installRetransmission } from './guard/retransmission.ts'
import { guardServer, type ServerSession } from './guard/server-session.ts'
import { rejectReplays } from './guard/srtp-replay.ts'
import { GuardError } from './guard-error.ts'
import { PINNED_VERSION, werift, weriftVersion } from './werift.ts'

/**
 * The guard around werift: what SECURITY.md promises of a DTLS peer is checked here, from outside the library, on
 * the one version it was made for. PROTOCOL.md §10 lists the rules.
 */

const sessions = new WeakMap<object, ServerSession>()
const refused = new WeakMap<object, GuardError>()
let installed = false

/** @throws GuardError version, shape */
export function installGuard(): void {
  if (installed) return
  const version = weriftVersion()
  if (version !== PINNED_VERSION)
    throw new GuardError(
      'version',
      `this agent is made for werift ${PINNED_VERSION} and found ${version}: run npm ci`,
    )
  checkShapes()
  installKeyExchange()
  installRetransmission()
  installIceGuard()
  installServerGuard()
  installTransportGuard()
  installSingleDescription()
  installed = true
}

export const isGuardInstalled = (): boolean => installed

/** Whether the peer of this DTLS session has proved possession and the session is alive. */
export const hasProved = (socket: object): boolean => sessions.get(socket)?.proved === true

/** Why the guard ended this DTLS session; undefined when it did not. */
export const faultOf = (socket: object): GuardError | undefined =>
  refused.get(socket) ?? sessions.get(socket)?.fault

/** Private parts of the library are used: a changed one stops the agent, it is never skipped. */
function checkShapes(): void {
  const wanted: [string, { [name: string]: unknown }, string[]][] = [
    ['DtlsSocket', dtlsSocket().prototype, ['setupExtensions', 'renegotiation', 'handleFragmentHandshake']],
    ['Flight', flightClass().prototype, ['transmit', 'createPacket']],
    ['Flight6', flight6Class().prototype, ['exec', 'sendFinished']],
    ['Connection', iceConnection().prototype as never, ['ensureProtocol', 'checkComplete']],
    [
      'RTCDtlsTransport',
      dtlsTransport().prototype as never,
      ['start', 'verifyRemoteCertificateFingerprint', 'startSrtp'],
    ],
    [
      'RTCPeerConnection',
      werift.RTCPeerConnection.prototype as never,
      ['setRemoteDescription', 'createAnswer'],
    ],
  ]
  if (typeof srtpAuthenticationError() !== 'function')
    throw new GuardError(
      'shape',
      "werift's SRTP has no error of its own: it is not the version the guard was made for",
    )
  for (const [name, prototype, members] of wanted) {
    for (const member of members) {
      if (typeof prototype[member] !== 'function')
        throw new GuardError(
          'shape',
          `werift's ${name} has no ${member}: it is not the version the guard was made for`,
        )
    }
  }
}

/** Puts the guard in front of each DTLS server at the moment it is made, before it can hear anything. */
function installServerGuard(): void {
  const SERVER = 2
  const { prototype } = dtlsSocket()
  const original = prototype.setupExtensions
  prototype.setupExtensions = function setupExtensions(this: Socket) {
    original.call(this as never)
    if (this.sessionType !== SERVER) return
    const session = guardServer(this)
    sessions.set(this, session)
    // werift assigns its own reader next: ours stays.
    Object.defineProperty(this.transport.socket, 'onData', {
      get: () => (datagram: Buffer) => session.receive(datagram),
      set: () => undefined,
    })
  }
}

/** The camera is the server, and nothing is keyed or reported connected without the proof. */
function installTransportGuard(): void {
  const { prototype } = dtlsTransport()
  const start = prototype.start
  prototype.start = function guardedStart(this: DtlsTransport) {
    if (this.role !== 'server') return Promise.reject(new GuardError('role', 'the camera is the DTLS server'))
    return start.call(this as never)
  }
  const keyed = prototype.startSrtp
  prototype.startSrtp = function startSrtp(this: DtlsTransport) {
    keyed.call(this as never)
    rejectReplays(this)
  }
  const compare = prototype.verifyRemoteCertificateFingerprint
  prototype.verifyRemoteCertificateFingerprint = function verify(this: DtlsTransport) {
    try {
      verifyPeer(this, compare)
    } catch (error) {
      const fault = error instanceof GuardError ? error : new GuardError('fingerprint', String(error))
      if (this.dtls) refused.set(this.dtls, fault)
      throw fault
    }
  }
}

function verifyPeer(transport: DtlsTransport, compare: (this: DtlsTransport) => void): void {
  const fingerprints = transport.remoteParameters?.fingerprints ?? []
  const [first] = fingerprints
  if (fingerprints.length !== 1 || first?.algorithm.toLowerCase() !== 'sha-256')
    throw new GuardError('fingerprint', 'exactly one SHA-256 fingerprint names the peer')
  if (!transport.dtls || !hasProved(transport.dtls))
    throw new GuardError('possession', 'the peer has not proved possession')
  compare.call(transport)
}

/** One remote description per connection: a second one would be an unsigned way to another certificate. */
function installSingleDescription(): void {
  const described = new WeakSet<object>()
  const prototype = werift.RTCPeerConnection.prototype as unknown as {
    setRemoteDescription(this: object, description: unknown): Promise<void>
  }
  const original = prototype.setRemoteDescription
  prototype.setRemoteDescription = async function once(this: object, description: unknown) {
    if (described.has(this))
      throw new GuardError('second_description', 'one connection takes one description')
    described.add(this)
    return original.call(this, description)
  }
}
