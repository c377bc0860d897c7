const FINGERPRINT = Array.from({ length: 32 }, (_, i) =>
  (i * 7 + 16).toString(16).padStart(2, '0').toUpperCase(),
).join(':')

type Options = {
  fingerprint?: string
  setup?: string
  video?: string
  audio?: string
  /** lines put into the video section */
  extra?: string[]
}

/** A description as a browser writes it, small: video, audio and the data channel in one bundle. */
export function description(kind: 'offer' | 'answer', options: Options = {}): string {
  const offer = kind === 'offer'
  const shared = [
    'c=IN IP4 0.0.0.0',
    'a=ice-ufrag:Yb3q',
    'a=ice-pwd:cD9xT2mVq7LrKs0PzWnE4uHa',
    `a=fingerprint:sha-256 ${options.fingerprint ?? FINGERPRINT}`,
    `a=setup:${options.setup ?? (offer ? 'actpass' : 'passive')}`,
  ]
  const lines = [
    'v=0',
    'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0 1 2',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    ...shared,
    'a=mid:0',
    `a=${options.video ?? (offer ? 'recvonly' : 'sendonly')}`,
    'a=rtcp-mux',
    'a=rtpmap:96 VP8/90000',
    ...(options.extra ?? []),
    'a=candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host generation 0',
    'a=candidate:2 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active generation 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    ...shared,
    'a=mid:1',
    `a=${options.audio ?? (offer ? 'recvonly' : 'sendonly')}`,
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    ...shared,
    'a=mid:2',
    'a=sctp-port:5000',
  ]
  return `${lines.join('\r\n')}\r\n`
}

export const otherFingerprint = FINGERPRINT.replaceAll('1', 'A')
