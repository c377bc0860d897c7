import { type Must, rowsOf } from '../must.ts'

const test = 'test/conformance/transport.test.ts'
const guard = rowsOf('camera-agent/src/rtc/dtls-guard.ts', test)
const selfTest = rowsOf('camera-agent/src/rtc/self-test.ts', test)
const possession = rowsOf('camera-agent/src/rtc/guard/possession.ts', test)
const server = rowsOf('camera-agent/src/rtc/guard/server-session.ts', test)
const flights = rowsOf('camera-agent/src/rtc/guard/retransmission.ts', test)
const packets = 'test/conformance/transport-packets.test.ts'
const srtp = rowsOf('camera-agent/src/rtc/guard/srtp-replay.ts', packets)
const ice = rowsOf('camera-agent/src/rtc/guard/ice.ts', packets)
const sctp = rowsOf('camera-agent/src/rtc/sctp-gate.ts', packets)

/** PROTOCOL.md §10. */
export const transportMusts: readonly Must[] = [
  guard(
    'M-10.1',
    'the comparison of the version',
    'if (version !== PINNED_VERSION)',
    'if (false)',
    'M-10.1 attack 18: with another version',
  ),
  selfTest(
    'M-10.2',
    'the verdict of the self-test',
    'if (failed)',
    'if (false)',
    'M-10.2 attack 18: with the proof disabled',
  ),
  guard(
    'M-10.3',
    'the role',
    "if (this.role !== 'server')",
    'if (false)',
    'M-10.3 attack 15: the camera never takes the client role',
  ),
  guard(
    'M-10.4',
    'the number of fingerprints',
    'fingerprints.length !== 1 || ',
    '',
    'M-10.4 attack 14: anything but one',
  ),
  guard(
    'M-10.4',
    'the hash of the fingerprint',
    " || first?.algorithm.toLowerCase() !== 'sha-256')",
    ')',
    'M-10.4 attack 14: anything but one',
  ),
  guard(
    'M-10.5',
    'the wait for the proof before keys',
    'if (!transport.dtls || !hasProved(transport.dtls))',
    'if (false)',
    'M-10.5 attack 15: without the proof nothing is keyed',
  ),
  possession(
    'M-10.5',
    'the check of CertificateVerify',
    'checkSignature(leaf, certificateVerify.fragment, upToKeyExchange)',
    '',
    'M-10.5 attack 15: the right certificate without its key',
  ),
  possession(
    'M-10.6',
    'the need of the extended master secret',
    'if (!dtls.options.extendedMasterSecret || !dtls.remoteExtendedMasterSecret)',
    'if (false)',
    'M-10.6 attack 17: a client without',
  ),
  possession(
    'M-10.7',
    'the check of Finished',
    'if (!expected || finished.length !== 12 || !timingSafeEqual(expected, finished))',
    'if (false)',
    'M-10.7 a client that finished another handshake',
  ),
  server(
    'M-10.8',
    'the order: each message is handed on as it comes',
    'for (let ready = whole.get(next); ready && !over; ready = whole.get(next)) {',
    'for (let ready: Fragment | undefined = fragment; ready && !over; ready = undefined) {',
    'M-10.8 attack 17: copies and any order',
  ),
  guard(
    'M-10.9',
    'the place in front of the library',
    'get: () => (datagram: Buffer) => session.receive(datagram),\n      set: () => undefined,',
    'value: undefined,\n      writable: true,',
    'M-10.9 attack 16: nothing in the clear is obeyed',
  ),
  server(
    'M-10.10',
    'the wait before application data',
    'if (!proved && record.type !== CONTENT.handshake) return',
    '',
    'M-10.10 application data before the proof',
  ),
  server('M-10.11', 'the replay window', ' || window.seen(record.sequence)', '', 'M-10.11 a copied record'),
  flights(
    'M-10.12',
    'the numbers that go on after Finished',
    'this.dtls.recordSequenceNumber = before + 1',
    '',
    'M-10.12 no two sealed records',
  ),
  ice(
    'M-10.13',
    'the comparison of USERNAME',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    'if (username !== `${connection.localUsername}:${connection.remoteUsername}`) return',
    '',
    'M-10.13 a request counts only',
  ),
  ice(
    'M-10.13',
    'the check of MESSAGE-INTEGRITY',
    'if (!stunMessage().parseMessage(data, Buffer.from(connection.localPassword))) return',
    '',
    'M-10.13 a request counts only',
  ),
  ice(
    'M-10.14',
    'the source address',
    'if (first >= 4 && !isKnown(connection, address)) return',
    '',
    'M-10.14 data counts only',
  ),
  guard(
    'M-10.15',
    'the memory of the first description',
    'if (described.has(this))',
    'if (false)',
    'M-10.15 attack 27: one connection',
  ),
  srtp(
    'M-10.16',
    'the replay window',
    "if (known?.window.seen(index)) throw new SrtpAuthenticationError('a copy')",
    '',
    'M-10.16 an SRTP or SRTCP packet',
  ),
  sctp(
    'M-10.17',
    'the judgement before the library',
    'if (isSound(data, sctp)) sctp',
    'sctp',
    'M-10.17 an SCTP packet is read if',
  ),
  sctp(
    'M-10.17',
    'the list of chunks that may come',
    'least === undefined || ',
    '',
    'M-10.17 an SCTP packet is read if',
  ),
  sctp(
    'M-10.17',
    'the end of the packet',
    ' || at + length > packet.length) return false\n    const body',
    ') return false\n    const body',
    'M-10.17 an SCTP packet is read if',
  ),
  sctp(
    'M-10.17',
    'the bound of what waits',
    'return (inboundStreams[0]?.reassembly.length ?? 0) < PARTS_MAX',
    'return true',
    'M-10.17 no more parts of a message',
  ),
  sctp(
    'M-10.17',
    'the end of the session whose packet fails',
    'sctp.handleData(data).catch(onFault)',
    'sctp.handleData(data).catch(() => undefined)',
    'M-10.17 what fails in the library',
  ),
]
