import { accessSync, constants, globSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What the tests drive that npm does not bring: one row each, its Debian package and whether it is there. */
export type Requirement = {
  readonly package: string
  readonly what: string
  readonly present: () => boolean
  /** Ubuntu has no package of it that is not a snap, and a snap reads no profile under /tmp and joins no namespace. */
  readonly snapOnUbuntu?: true
  /** No test needs it: a bench that has to go without says so. */
  readonly benchOnly?: true
}

const browser = (path: string) => (): boolean => isExecutable(path) && !isSnapWrapper(path)

const onPath = (program: string) => (): boolean =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some(folder =>
    isExecutable(join(folder, program)),
  )

const file = (pattern: string) => (): boolean => globSync(pattern).length > 0

const gstreamer = (plugin: string) => file(`/usr/lib/{*-linux-gnu/,}gstreamer-1.0/libgst${plugin}.so`)

export const requirements: readonly Requirement[] = [
  {
    package: 'chromium',
    what: 'the browser Chromium',
    present: browser('/usr/bin/chromium'),
    snapOnUbuntu: true,
  },
  {
    package: 'firefox-esr',
    what: 'the browser Firefox ESR',
    present: browser('/usr/bin/firefox-esr'),
    snapOnUbuntu: true,
  },
  { package: 'openssl', what: 'a DTLS peer and a private CA', present: onPath('openssl') },
  { package: 'nftables', what: 'packet counters', present: onPath('nft') },
  { package: 'iproute2', what: 'network namespaces', present: onPath('ip') },
  { package: 'strace', what: 'system call traces', present: onPath('strace') },
  { package: 'coturn', what: 'a TURN relay', present: onPath('turnserver') },
  { package: 'tcpdump', what: 'packet captures', present: onPath('tcpdump') },
  { package: 'coturn', what: 'a TURN relay', present: onPath('turnserver') },
  { package: 'libnss3-tools', what: "a CA in a browser's profile", present: onPath('certutil') },
  {
    package: 'python3-gi',
    what: 'bindings for the RTSP server',
    present: file('/usr/lib/python3/dist-packages/gi/__init__.py'),
  },
  {
    package: 'gir1.2-gst-rtsp-server-1.0',
    what: 'the RTSP server',
    present: file('/usr/lib/{*-linux-gnu/,}girepository-1.0/GstRtspServer-1.0.typelib'),
  },
  { package: 'pulseaudio', what: 'an output of sound', present: onPath('pulseaudio') },
  {
    package: 'gir1.2-gst-plugins-bad-1.0',
    what: 'bindings for webrtcbin, a WebRTC peer',
    present: file('/usr/lib/{*-linux-gnu/,}girepository-1.0/GstWebRTC-1.0.typelib'),
  },
  { package: 'gstreamer1.0-nice', what: 'the addresses of webrtcbin', present: gstreamer('nice') },
  { package: 'gstreamer1.0-plugins-base', what: 'test video', present: gstreamer('videotestsrc') },
  { package: 'gstreamer1.0-plugins-good', what: 'RTP payloads', present: gstreamer('rtp') },
  { package: 'gstreamer1.0-plugins-bad', what: 'H.264 parsing', present: gstreamer('videoparsersbad') },
  { package: 'gstreamer1.0-plugins-ugly', what: 'H.264 encoding', present: gstreamer('x264') },
  {
    package: 'golang-go',
    what: 'Go, for the benches beside Pion',
    present: () => ['/usr/local/go/bin/go', '/usr/bin/go'].some(isExecutable),
    benchOnly: true,
  },
  {
    package: 'golang-github-pion-webrtc.v3-dev',
    what: 'Pion, for the benches',
    present: file('/usr/share/gocode/src/github.com/pion/webrtc/pkg/media/media.go'),
    benchOnly: true,
  },
]

export const missing = (): Requirement[] => requirements.filter(each => !each.present())

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Ubuntu's transitional package: a shell script that calls the snap. */
function isSnapWrapper(path: string): boolean {
  const text = readFileSync(path).subarray(0, 4096).toString('latin1')
  return text.startsWith('#!') && text.includes('/snap/bin/')
}
