import { createHash } from 'node:crypto'
import { type DtlsTransport, dtlsTransport } from '@ownsight/camera-agent/rtc/guard/internals'

/**
 * `AA:BB:…` of each certificate whose owner the guard let through, noted at the moment media is keyed for it. After
 * `installGuard`, for the life of the process.
 */
export function noteVouched(): string[] {
  const vouched: string[] = []
  const { prototype } = dtlsTransport()
  const keyed = prototype.startSrtp
  prototype.startSrtp = function startSrtp(this: DtlsTransport) {
    const der = this.dtls?.cipher.remoteCertificate ?? Buffer.alloc(0)
    const hex = createHash('sha256').update(der).digest('hex').toUpperCase()
    vouched.push(hex.match(/../g)?.join(':') ?? '')
    keyed.call(this as never)
  }
  return vouched
}
