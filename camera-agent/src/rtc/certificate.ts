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

/** How many wait: a viewer that hedges asks for two at once. */
const AHEAD = 2
/** To make one takes some ms of this thread, which those have to spare who are not just opening a session. */
const REFILL_MS = 1500

let ahead: Promise<RTCCertificate>[] = []
let isRefillDue = false

/** Fills up what is ready, while nobody waits. */
export function prepareCertificates(): void {
  isRefillDue = false
  while (ahead.length < AHEAD) {
    const certificate = make()
    ahead.push(certificate)
    // It is made again when somebody needs it, and then the error is theirs.
    certificate.catch(() => {
      ahead = ahead.filter(each => each !== certificate)
    })
  }
}

/** A DTLS certificate for one session, made while nobody waited. Each is handed out once. */
export function nextCertificate(): Promise<RTCCertificate> {
  const certificate = ahead.shift() ?? make()
  // Not put off by whoever comes meanwhile: one tap after another would find none, and wait for its own.
  if (!isRefillDue) setTimeout(prepareCertificates, REFILL_MS).unref()
  isRefillDue = true
  return certificate
}
