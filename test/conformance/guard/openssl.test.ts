import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { hasProved, installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { type DtlsOverUdp, dtlsOverUdp } from '../../support/dtls-server.ts'
import { type Started, start } from '../../support/processes.ts'
import { removeTemp, tempFolder } from '../../support/temp.ts'
import { until } from '../../support/wait.ts'

/** A self-signed certificate and its key, made by the tool that uses it. */
function certificate(folder: string, name: string, ...key: string[]): string[] {
  const [cert, pem] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  const common = ['-nodes', '-x509', '-days', '2', '-subj', `/CN=${name}`]
  execFileSync('openssl', ['req', ...common, '-newkey', ...key, '-keyout', pem, '-out', cert], {
    stdio: 'ignore',
  })
  return ['-cert', cert, '-key', pem]
}

describe('OpenSSL s_client -dtls1_2 against the guarded DTLS server', function () {
  this.timeout(30_000)
  let folder = ''
  let line: DtlsOverUdp
  let client: Started | undefined
  before(() => {
    installGuard()
    folder = tempFolder('openssl')
  })
  after(() => removeTemp(folder))
  beforeEach(async () => {
    line = await dtlsOverUdp()
  })
  afterEach(async () => {
    await client?.stop()
    await line.close()
  })
  function connect(...args: string[]): void {
    const fixed = ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${line.port}`, '-quiet', '-verify_quiet']
    client = start('openssl', [...fixed, ...args])
  }
  async function passes(...args: string[]): Promise<void> {
    connect(...args)
    assert.equal(await line.outcome, 'connected')
    assert.ok(hasProved(line.server))
    client?.child.stdin?.write('hello from openssl\n')
    await until(() => line.received.join('').includes('hello from openssl'), {
      timeout: 5000,
      what: 'its data',
    })
    await line.server.send(Buffer.from('hello from the camera\n'))
    await client?.waitForLine(/hello from the camera/)
  }
  async function refused(...args: string[]): Promise<void> {
    connect(...args)
    const outcome = await line.outcome
    assert.ok(outcome instanceof Error && outcome.name === 'GuardError', String(outcome))
    assert.deepEqual([line.server.connected, hasProved(line.server)], [false, false])
  }

  const ec = (curve: string) => ['ec', '-pkeyopt', `ec_paramgen_curve:${curve}`]
  it('EC P-256 passes', () => passes(...certificate(folder, 'p256', ...ec('P-256'))))
  it('EC P-384 passes', () => passes(...certificate(folder, 'p384', ...ec('P-384'))))
  it('RSA-2048 passes', () => passes(...certificate(folder, 'rsa', 'rsa:2048')))
  it('RSA-2048 in fragments (-mtu 400) passes', () =>
    passes(...certificate(folder, 'rsa', 'rsa:2048'), '-mtu', '400'))
  it('RSA-4096 with a chain of two, in fragments (-mtu 600), passes', () => {
    const [, chain = ''] = certificate(folder, 'ca', 'rsa:2048')
    return passes(...certificate(folder, 'leaf', 'rsa:4096'), '-cert_chain', chain, '-mtu', '600')
  })
  it('attack 17: no client certificate is refused', () => refused())
  it('attack 17: an Ed25519 certificate, whose signature we do not ask for, is refused', () =>
    refused(...certificate(folder, 'ed', 'ed25519')))
})
