import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What the tests drive that npm does not bring: one row each, the program that shows it is there and its package. */
export type Requirement = { package: string; what: string; present: () => boolean }

const onPath = (program: string) => (): boolean =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some(folder =>
    existsSync(join(folder, program)),
  )

const file =
  (...paths: string[]) =>
  (): boolean =>
    paths.some(path => existsSync(path))

const gstreamer = (library: string) =>
  file(
    `/usr/lib/x86_64-linux-gnu/gstreamer-1.0/${library}`,
    `/usr/lib/aarch64-linux-gnu/gstreamer-1.0/${library}`,
  )

const typelib = (name: string) =>
  file(
    `/usr/lib/x86_64-linux-gnu/girepository-1.0/${name}`,
    `/usr/lib/aarch64-linux-gnu/girepository-1.0/${name}`,
    `/usr/lib/girepository-1.0/${name}`,
  )

export const REQUIREMENTS: readonly Requirement[] = [
  { package: 'chromium', what: 'the browser Chromium', present: file('/usr/bin/chromium') },
  { package: 'firefox-esr', what: 'the browser Firefox ESR', present: file('/usr/bin/firefox-esr') },
  { package: 'openssl', what: 'a DTLS peer and a private CA', present: onPath('openssl') },
  { package: 'nftables', what: 'packet counters', present: onPath('nft') },
  { package: 'iproute2', what: 'network namespaces', present: onPath('ip') },
  { package: 'strace', what: 'system call traces', present: onPath('strace') },
  { package: 'tcpdump', what: 'packet captures', present: onPath('tcpdump') },
  { package: 'libnss3-tools', what: "a CA in a browser's profile", present: onPath('certutil') },
  {
    package: 'python3-gi',
    what: 'bindings for the RTSP server',
    present: file('/usr/lib/python3/dist-packages/gi/__init__.py'),
  },
  {
    package: 'gir1.2-gst-rtsp-server-1.0',
    what: 'the RTSP server',
    present: typelib('GstRtspServer-1.0.typelib'),
  },
  { package: 'gstreamer1.0-plugins-base', what: 'test video', present: gstreamer('libgstvideotestsrc.so') },
  { package: 'gstreamer1.0-plugins-good', what: 'RTP payloads', present: gstreamer('libgstrtp.so') },
  {
    package: 'gstreamer1.0-plugins-bad',
    what: 'H.264 parsing',
    present: gstreamer('libgstvideoparsersbad.so'),
  },
  { package: 'gstreamer1.0-plugins-ugly', what: 'H.264 encoding', present: gstreamer('libgstx264.so') },
]

export const missing = (): Requirement[] => REQUIREMENTS.filter(requirement => !requirement.present())
