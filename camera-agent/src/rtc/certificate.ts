import type { RTCCertificate } from 'werift'
import { internal, werift } from './werift.ts'

type Made = { certPem: string; keyPem: string; signatureHash: { hash: number; signature: number } }
type Context = {
  CipherContext: { createSelfSignedCertificateWithKey(signature: object, curve: number): Promise<Made> }
}

const ECDSA_SHA256 = { hash: 4, signature: 3 }
const P256 = 23

async function make(): Promise<RTCCertificate> {
  const { CipherContext } = internal<Context>('dtls/src/context/cipher.js')
  const { certPem, keyPem, signatureHash } = await CipherContext.createSelfSignedCertificateWithKey(
    ECDSA_SHA256,
    P256,
  )
  return new werift.RTCCertificate(keyPem, certPem, signatureHash as never)
}

let ahead: Promise<RTCCertificate> | undefined

/** A DTLS certificate for one session, made while nobody waited. Each is handed out once. */
export function nextCertificate(): Promise<RTCCertificate> {
  const certificate = ahead ?? make()
  ahead = make()
  ahead.catch(() => {
    ahead = undefined
  })
  return certificate
}
