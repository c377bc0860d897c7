import { type createPublicKey, timingSafeEqual, verify, X509Certificate } from 'node:crypto'
import { GuardError } from '../guard-error.ts'
import { type Handshake, prf, type Socket } from './internals.ts'

/** Message types in the order in which they stand in the transcript of a whole handshake (RFC 5246 §7.3). */
const CLIENT_HELLO_TO_DONE = [1, 2, 11, 12, 13, 14] as const
const CLIENT_FLIGHT = [11, 16, 15] as const

/** ecdsa_sha256 with an EC key, rsa_pkcs1_sha256 with an RSA key: what our CertificateRequest offers, no more. */
const SIGNATURES: { [algorithm: number]: string } = { 1027: 'ec', 1025: 'rsa' }

/**
 * Proves that the DTLS peer holds the key of the certificate it showed, before the server's last flight is sent:
 * exact transcript, extended master secret, CertificateVerify, Finished (RFC 5246 §7.4.8, §7.4.9; RFC 7627).
 * @param finished the client's verify_data
 * @throws GuardError transcript, possession, finished
 */
export function provePossession(socket: Socket, finished: Buffer): void {
  const { hello, certificate, keyExchange, certificateVerify, all } = readTranscript(socket)
  const leaf = firstCertificate(certificate.fragment)
  if (!socket.cipher.remoteCertificate?.equals(leaf))
    throw new GuardError('transcript', 'the certificate in use is not the one in the transcript')
  const upToKeyExchange = serialize([...hello, certificate, keyExchange])
  checkMasterSecret(socket, keyExchange, upToKeyExchange)
  checkSignature(leaf, certificateVerify.fragment, upToKeyExchange)
  const { masterSecret } = socket.cipher
  const expected = masterSecret && prf().prfVerifyDataClient(masterSecret, serialize(all))
  if (!expected || finished.length !== 12 || !timingSafeEqual(expected, finished))
    throw new GuardError('finished', 'the client saw another handshake')
}

const serialize = (messages: readonly Handshake[]): Buffer =>
  Buffer.concat(messages.map(each => each.serialize()))

function readTranscript(socket: Socket) {
  const all = socket.dtls.sortedHandshakeCache
  const types = all.map(message => message.msg_type)
  const expected = [...CLIENT_HELLO_TO_DONE, ...CLIENT_FLIGHT]
  if (types.length !== expected.length || types.some((type, i) => type !== expected[i]))
    throw new GuardError('transcript', 'the handshake has other messages than it must')
  const [certificate, keyExchange, certificateVerify] = all.slice(6)
  const first = all[0]
  if (!first || !certificate || !keyExchange || !certificateVerify)
    throw new GuardError('transcript', 'the handshake is not whole')
  for (const [i, message] of [certificate, keyExchange, certificateVerify].entries()) {
    if (message.message_seq !== first.message_seq + 1 + i)
      throw new GuardError('transcript', 'the handshake has a gap')
  }
  return { hello: all.slice(0, 6), certificate, keyExchange, certificateVerify, all }
}

/** The leaf of a Certificate message (RFC 5246 §7.4.2); an empty list is a client without a certificate. */
function firstCertificate(message: Buffer): Buffer {
  const total = message.length >= 6 ? message.readUIntBE(0, 3) : 0
  const size = total >= 3 ? message.readUIntBE(3, 3) : 0
  if (total !== message.length - 3 || size === 0 || 6 + size > message.length)
    throw new GuardError('possession', 'the client showed no certificate')
  return message.subarray(6, 6 + size)
}

function checkMasterSecret(socket: Socket, keyExchange: Handshake, transcript: Buffer): void {
  const { cipher, dtls } = socket
  const { localKeyPair, masterSecret } = cipher
  if (!dtls.options.extendedMasterSecret || !dtls.remoteExtendedMasterSecret)
    throw new GuardError('possession', 'the client did not offer the extended master secret')
  const size = keyExchange.fragment[0] ?? 0
  const publicKey = keyExchange.fragment.subarray(1)
  if (!localKeyPair || !masterSecret || publicKey.length !== size)
    throw new GuardError('transcript', 'the key exchange is malformed')
  const preMaster = prf().prfPreMasterSecret(publicKey, localKeyPair.privateKey, localKeyPair.curve)
  // An all-zero shared secret comes of a low-order point: the peer chose the key, not the exchange (RFC 7748 §6.1).
  if (preMaster.every(byte => byte === 0))
    throw new GuardError('possession', 'the key share is a low-order point')
  const expected = prf().prfExtendedMasterSecret(preMaster, transcript)
  if (!timingSafeEqual(expected, masterSecret))
    throw new GuardError('transcript', 'the keys in use come from another transcript')
}

function checkSignature(certificate: Buffer, message: Buffer, signed: Buffer): void {
  const refuse = (): never => {
    throw new GuardError('possession', 'the client did not prove that it holds the key of its certificate')
  }
  if (message.length < 4 || message.length !== 4 + message.readUInt16BE(2)) refuse()
  let key: ReturnType<typeof createPublicKey>
  try {
    key = new X509Certificate(certificate).publicKey
  } catch {
    return refuse()
  }
  if (SIGNATURES[message.readUInt16BE(0)] !== key.asymmetricKeyType) refuse()
  if (!verify('sha256', signed, key, message.subarray(4))) refuse()
}
