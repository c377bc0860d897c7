import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PrivateCa } from '../support/private-ca.ts'

/** What `trustInChromium` and NODE_EXTRA_CA_CERTS take: an authority, and a certificate for the lab's server. */
export type LabCa = Omit<PrivateCa, 'args'>

/** @param folder where it is kept; @param addresses what the certificate is good for */
export function createLabCa(folder: string, addresses: readonly string[]): LabCa {
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...key, '-days', '30', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=lab')
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server')
  const names = ['DNS:server.ownsight.test', ...addresses.map(address => `IP:${address}`)].join()
  writeFileSync(at('server.ext'), `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`)
  const sign = ['x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
  openssl(...sign, '-days', '30', '-extfile', 'server.ext', '-out', 'server.pem')
  return { folder, ca: at('ca.pem'), cert: at('server.pem'), key: at('server.key') }
}
