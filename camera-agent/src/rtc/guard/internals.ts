import type { EventEmitter } from 'node:events'
import { internal } from '../werift.ts'

/** The private shapes of werift 0.25.2 that the guard rests on. `checkShapes` throws when one is missing. */

export type Handshake = {
  msg_type: number
  length: number
  message_seq: number
  fragment_offset: number
  fragment_length: number
  fragment: Buffer
  serialize(): Buffer
}

export type Socket = {
  sessionType: number
  options: { extendedMasterSecret?: boolean }
  connected: boolean
  dtls: {
    flight: number
    epoch: number
    recordSequenceNumber: number
    lastMessage: Buffer[]
    remoteExtendedMasterSecret: boolean
    options: { extendedMasterSecret?: boolean }
    handshakeCache: { [flight: string]: { data: Handshake[]; isLocal: boolean } }
    sortedHandshakeCache: Handshake[]
  }
  cipher: {
    cipher?: unknown
    masterSecret?: Buffer
    namedCurve?: number
    remoteCertificate?: Buffer
    localKeyPair?: { curve: number; publicKey: Buffer; privateKey: Buffer }
    remoteKeyPair?: { curve: number; publicKey: Buffer }
    remoteRandom?: { serialize(): Buffer }
    decryptPacket(plain: unknown): Buffer
  }
  srtp: { srtpProfile?: number }
  transport: { socket: { onData: (data: Buffer) => void }; send(data: Buffer): Promise<void> }
  onData: WeriftEvent<[Buffer]>
  onClose: WeriftEvent<[]>
  onError: WeriftEvent<[Error]>
  onHandleHandshakes(messages: Handshake[]): Promise<void>
  setupExtensions(): void
  close(): void
}

export type WeriftEvent<A extends unknown[]> = {
  execute(...args: A): void
  subscribe(handler: (...args: A) => void): { unSubscribe(): void }
}

export type Flight = {
  dtls: Socket['dtls']
  flight: number
  nextFlight: number | undefined
  send(buffers: Buffer[]): Promise<unknown>
}

type Class<T> = { prototype: T & { [name: string]: unknown } }

export const dtlsSocket = () => internal<{ DtlsSocket: Class<Socket> }>('dtls/src/socket.js').DtlsSocket
export const flightClass = () =>
  internal<{ Flight: Class<Flight & { transmit(buffers: Buffer[]): Promise<void> }> }>(
    'dtls/src/flight/flight.js',
  ).Flight
export const flight6Class = () =>
  internal<{ Flight6: Class<Flight & { sendFinished(): Buffer }> }>('dtls/src/flight/server/flight6.js')
    .Flight6
export const fragmentedHandshake = () =>
  internal<{
    FragmentedHandshake: new (
      type: number,
      length: number,
      seq: number,
      offset: number,
      size: number,
      fragment: Buffer,
    ) => Handshake
  }>('dtls/src/record/message/fragment.js').FragmentedHandshake
export const dtlsPlaintext = () =>
  internal<{ DtlsPlaintext: { deSerialize(data: Buffer): unknown } }>('dtls/src/record/message/plaintext.js')
    .DtlsPlaintext
export const prf = () =>
  internal<{
    prfPreMasterSecret(publicKey: Buffer, privateKey: Buffer, curve: number): Buffer
    prfExtendedMasterSecret(preMaster: Buffer, handshakes: Buffer): Buffer
    prfVerifyDataClient(masterSecret: Buffer, handshakes: Buffer): Buffer
  }>('dtls/src/cipher/prf.js')

export type StunMessage = { getAttributeValue(name: string): unknown; attributesKeys: string[] }
export type Address = readonly [string, number]
export type StunTransaction = {
  request: unknown
  addr: Address
  ended: boolean
  protocol: { sendStun(request: unknown, to: Address): Promise<void> }
}
export type StunProtocol = {
  /** requests of our own without a response yet, by their ids */
  transactions?: { [id: string]: StunTransaction }
  onRequestReceived: WeriftEvent<[StunMessage, Address, Buffer]>
  /** of a socket of its own */
  datagramReceived?(data: Buffer, address: Address): void
  /** of an allocation on a relay, with the peer's address */
  handleStunMessage?(data: Buffer, address: Address): void
}
export type CandidatePair = {
  state: number
  nominated: boolean
  readonly protocol: object
  readonly remoteAddr: Address
}
export type IceConnection = EventEmitter & {
  localUsername: string
  localPassword: string
  remoteUsername: string
  stunServer: Address | undefined
  iceControlling: boolean
  remoteCandidatesEnd: boolean
  /** told of the outcome of the checks, after `nominated` is set */
  checkListState: { put(outcome: Promise<number>): void }
  /** resolves at the end of ICE, rejects where no pair works */
  connect(): Promise<void>
  nominated?: { remoteAddr: Address; remoteCandidate: { type: string }; localCandidate: { type: string } }
  remoteCandidates: { host: string; port: number }[]
  protocols: StunProtocol[]
  checkList: CandidatePair[]
  checkComplete(pair: CandidatePair): void
  onData: WeriftEvent<[Buffer]>
  ensureProtocol(protocol: StunProtocol): void
}
export const iceConnection = () => internal<{ Connection: Class<IceConnection> }>('ice/src/ice.js').Connection
export const stunMessage = () =>
  internal<{ parseMessage(data: Buffer, integrityKey?: Buffer): StunMessage | undefined }>(
    'ice/src/stun/message.js',
  )

export type SrtpSession = { decrypt(packet: Buffer): Buffer }
export const srtpAuthenticationError = () =>
  internal<{ SrtpAuthenticationError: new (why: string) => Error }>('rtp/src/srtp/error.js')
    .SrtpAuthenticationError
export type DtlsTransport = {
  role: string
  state: string
  dtls?: Socket
  remoteParameters?: { fingerprints: { algorithm: string; value: string }[] }
  localCertificate?: unknown
  srtp?: SrtpSession
  srtcp?: SrtpSession
  onStateChange: WeriftEvent<[string]>
  start(): Promise<void>
  verifyRemoteCertificateFingerprint(): void
  startSrtp(): void
}
export const dtlsTransport = () =>
  internal<{ RTCDtlsTransport: Class<DtlsTransport> }>('webrtc/src/transport/dtls.js').RTCDtlsTransport
