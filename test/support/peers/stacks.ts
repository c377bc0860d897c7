import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** @param mtu bytes: handshake messages that are longer go out in fragments */
export const libdatachannel = (mtu?: number): Stack => ({
  name: `node-datachannel (libdatachannel, OpenSSL${mtu ? `, MTU ${mtu}` : ''})`,
  async open() {
    const folder = tempFolder('certificate')
    const keys = await makeKeys()
    const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
    writeFileSync(certificate, keys.certPem)
    writeFileSync(key, keys.keyPem, { mode: 0o600 })
    try {
      const own = [certificate, key, ...(mtu ? [String(mtu)] : [])]
      return await openPeer([process.execPath, program('libdatachannel-process.ts'), ...own])
    } finally {
      removeTemp(folder)
    }
  },
})

export const webrtcbin: Stack = {
  name: 'webrtcbin (GStreamer, OpenSSL, an RSA certificate)',
  open: () => openPeer(['/usr/bin/python3', program('webrtcbin-process.py')]),
}

export const STACKS: readonly Stack[] = [libwebrtc, libdatachannel(), webrtcbin]
