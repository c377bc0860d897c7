import { setTimeout as delay } from 'node:timers/promises'
import { prepareCertificates } from './certificate.ts'
import { acceptOffer } from './peer.ts'

/** As a browser writes it, without an address: nothing is sent to anybody. */
export const REHEARSAL = [
  'v=0',
  'o=- 1 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1 2',
  ...section('video 9 UDP/TLS/RTP/SAVPF 96 97 98 99', 0, [
    'a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=recvonly',
    'a=rtcp-mux',
    ...codec(96, 'VP8/90000'),
    'a=rtpmap:97 rtx/90000',
    'a=fmtp:97 apt=96',
    ...codec(98, 'H264/90000'),
    'a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
    'a=rtpmap:99 rtx/90000',
    'a=fmtp:99 apt=98',
  ]),
  ...section('audio 9 UDP/TLS/RTP/SAVPF 111', 1, [
    'a=recvonly',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1',
  ]),
  ...section('application 9 UDP/DTLS/SCTP webrtc-datachannel', 2, ['a=sctp-port:5000']),
  '',
].join('\r\n')

function section(media: string, mid: number, lines: string[]): string[] {
  const print = Array.from({ length: 32 }, () => 'AA').join(':')
  const transport = ['a=ice-ufrag:rehe', 'a=ice-pwd:rehearsalrehearsalrehe', `a=fingerprint:sha-256 ${print}`]
  return [`m=${media}`, 'c=IN IP4 0.0.0.0', ...transport, 'a=setup:actpass', `a=mid:${mid}`, ...lines]
}

function codec(payloadType: number, name: string): string[] {
  const feedback = ['transport-cc', 'ccm fir', 'nack', 'nack pli']
  return [`a=rtpmap:${payloadType} ${name}`, ...feedback.map(each => `a=rtcp-fb:${payloadType} ${each}`)]
}

/** From then on an answer takes as long as it will ever take. */
const TIMES = 6
const PAUSE_MS = 250

/**
 * Answers a few offers of nobody: the first answers of a process take ten times as long as the later ones, and would be
 * somebody's first picture. It never fails: whatever is wrong shows with the first real offer.
 */
export async function rehearse(signal: AbortSignal): Promise<void> {
  try {
    prepareCertificates()
    for (let i = 0; i < TIMES; i++) {
      await delay(PAUSE_MS, undefined, { signal, ref: false })
      const peer = await acceptOffer(REHEARSAL, { sound: true, signal })
      await peer.close()
    }
  } catch {
    // as said above
  }
}
