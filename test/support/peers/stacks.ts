import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeKeys } from '@ownsight/camera-agent/rtc/loopback'
import { removeTemp, tempFolder } from '../temp.ts'
import { openPeer, type PeerProcess } from './peer-process.ts'

/** WebRTC stacks nobody here wrote, each as a viewer in a process of its own. All of them play VP8. */
export type Stack = { readonly name: string; open(): Promise<PeerProcess> }

const program = (file: string): string => join(import.meta.dirname, file)

export const libwebrtc: Stack = {
  name: '@roamhq/wrtc (libwebrtc, BoringSSL)',
  open: () =>
    openPeer([process.execPath, '--disable-warning=ExperimentalWarning', program('libwebrtc-process.ts')]),
}

export const libdatachannel: Stack = {
  name: 'node-datachannel (libdatachannel, OpenSSL)',
  async open() {
    const { certPem, keyPem } = await makeKeys()
    return withCertificate({ certPem, keyPem })
  },
}

/** Its certificate does not fit its datagrams and goes out in fragments. With less than this its SCTP does not begin. */
export const libdatachannelRsa: Stack = {
  name: 'node-datachannel with an RSA-2048 certificate and an MTU of 640 bytes',
  async open() {
    const make = ['req', '-nodes', '-x509', '-days', '2', '-subj', '/CN=viewer', '-newkey', 'rsa:2048']
    const { stdout } = await promisify(execFile)('openssl', [...make, '-keyout', '-', '-out', '-'])
    const [keyPem = '', certPem = ''] = stdout.match(/-----BEGIN[\s\S]+?-----END.+/g) ?? []
    return withCertificate({ certPem, keyPem }, 640)
  },
}

async function withCertificate(
  { certPem, keyPem }: { certPem: string; keyPem: string },
  mtu?: number,
): Promise<PeerProcess> {
  const folder = tempFolder('certificate')
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  writeFileSync(certificate, certPem)
  writeFileSync(key, keyPem, { mode: 0o600 })
  try {
    const own = [certificate, key, ...(mtu ? [String(mtu)] : [])]
    return await openPeer([process.execPath, program('libdatachannel-process.ts'), ...own])
  } finally {
    removeTemp(folder)
  }
}

export const webrtcbin: Stack = {
  name: 'webrtcbin (GStreamer, OpenSSL, an RSA certificate)',
  open: () => openPeer(['/usr/bin/python3', program('webrtcbin-process.py')]),
}

export const STACKS: readonly Stack[] = [libwebrtc, libdatachannel, webrtcbin]
