import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { faultOf, hasProved, installGuard, isGuardInstalled } from '@ownsight/camera-agent/rtc/dtls-guard'
import {
  type DtlsTransport,
  dtlsSocket,
  dtlsTransport,
  flight6Class,
  flightClass,
  iceConnection,
  srtpAuthenticationError,
} from '@ownsight/camera-agent/rtc/guard/internals'
import { type GuardCode, GuardError } from '@ownsight/camera-agent/rtc/guard-error'
import { type Keys, type Loopback, loopback, makeKeys } from '@ownsight/camera-agent/rtc/loopback'
import { selfTest } from '@ownsight/camera-agent/rtc/self-test'
import { internal, werift } from '@ownsight/camera-agent/rtc/werift'

const is =
  (code: GuardCode, named = /../) =>
  (error: unknown): boolean =>
    error instanceof GuardError && error.code === code && named.test(error.message)

/** The guard as it is before it was installed, beside the one this process has. */
let instances = 0
const anew = async (): Promise<typeof installGuard> => {
  const path = `../../../../camera-agent/src/rtc/dtls-guard.ts?instance=${++instances}`
  return (await import(new URL(path, import.meta.url).href)).installGuard
}

describe('the guard: what it is made for', () => {
  before(() => installGuard())
  const prototypes: [string, Record<string, unknown>, string[]][] = [
    ['DtlsSocket', dtlsSocket().prototype, ['setupExtensions', 'renegotiation', 'handleFragmentHandshake']],
    ['Flight', flightClass().prototype, ['transmit', 'createPacket']],
    ['Flight6', flight6Class().prototype, ['exec', 'sendFinished']],
    ['Connection', iceConnection().prototype as never, ['ensureProtocol']],
    [
      'RTCDtlsTransport',
      dtlsTransport().prototype as never,
      ['start', 'verifyRemoteCertificateFingerprint', 'startSrtp'],
    ],
    [
      'RTCPeerConnection',
      werift.RTCPeerConnection.prototype as never,
      ['setRemoteDescription', 'createAnswer'],
    ],
  ]
  for (const [name, prototype, members] of prototypes)
    for (const member of members)
      it(`does not start where ${name} has no ${member}`, async () => {
        const install = await anew()
        const own = Object.getOwnPropertyDescriptor(prototype, member)
        Object.defineProperty(prototype, member, { value: 'gone', configurable: true })
        try {
          assert.throws(install, is('shape', new RegExp(`${name} has no ${member}`)))
        } finally {
          if (own) Object.defineProperty(prototype, member, own)
          else Reflect.deleteProperty(prototype, member)
        }
      })

  it('does not start where SRTP has no error of its own', async () => {
    const install = await anew()
    const errors = internal<Record<string, unknown>>('rtp/src/srtp/error.js')
    const own = srtpAuthenticationError()
    const described = Object.getOwnPropertyDescriptor(errors, 'SrtpAuthenticationError')
    Object.defineProperty(errors, 'SrtpAuthenticationError', {
      value: undefined,
      configurable: true,
      writable: true,
    })
    try {
      assert.throws(install, is('shape', /SRTP/))
    } finally {
      Object.defineProperty(errors, 'SrtpAuthenticationError', described ?? { value: own })
    }
  })

  it('does not start with another version of the library', async () => {
    const install = await anew()
    const read = fs.readFileSync
    fs.readFileSync = ((path: string, ...rest: unknown[]) =>
      String(path).endsWith('package.json')
        ? '{"version":"0.25.3"}'
        : (read as (...args: unknown[]) => unknown)(path, ...rest)) as typeof read
    syncBuiltinESMExports()
    try {
      assert.throws(install, is('version', /0\.25\.2.*0\.25\.3/))
    } finally {
      fs.readFileSync = read
      syncBuiltinESMExports()
    }
  })

  it('is installed once', () => {
    installGuard()
    const { setRemoteDescription } = werift.RTCPeerConnection.prototype
    installGuard()
    assert.ok(isGuardInstalled())
    assert.equal(werift.RTCPeerConnection.prototype.setRemoteDescription, setRemoteDescription)
  })
})

describe('the guard: what it lets through', function () {
  this.timeout(30_000)
  let keys: { server: Keys; client: Keys }
  let line: Loopback
  before(async () => {
    installGuard()
    keys = { server: await makeKeys(), client: await makeKeys() }
    line = loopback(keys)
    assert.equal(await line.outcome(10_000), 'connected')
  })
  after(() => line.close())

  const own = (hash = 'sha256'): string => {
    const der = new X509Certificate(keys.client.certPem).raw
    return createHash(hash).update(der).digest('hex').toUpperCase().match(/../g)!.join(':')
  }
  const transport = (fingerprints: [string, string][] | undefined, dtls: unknown = line.server) =>
    ({
      dtls,
      ...(fingerprints && {
        remoteParameters: { fingerprints: fingerprints.map(([algorithm, value]) => ({ algorithm, value })) },
      }),
    }) as unknown as DtlsTransport

  it('its self-test holds', () => selfTest())

  it('a proved peer under its one fingerprint, however its algorithm is spelled', () => {
    assert.ok(hasProved(line.server))
    assert.equal(faultOf(line.server), undefined)
    for (const algorithm of ['sha-256', 'SHA-256'])
      dtlsTransport().prototype.verifyRemoteCertificateFingerprint.call(transport([[algorithm, own()]]))
    assert.equal(faultOf(line.server), undefined)
  })

  it('none without a fingerprint, with two, with another algorithm or another value', () => {
    const one = /exactly one SHA-256/
    for (const [fingerprints, why] of [
      [undefined, one],
      [[], one],
      [
        [
          ['sha-256', own()],
          ['sha-256', own()],
        ],
        one,
      ],
      [[['sha-512', own('sha512')]], one],
      [[['sha-256', Array(32).fill('AB').join(':')]], /\S \S/],
    ] as const) {
      const peer = transport(fingerprints as [string, string][] | undefined)
      const { verifyRemoteCertificateFingerprint } = dtlsTransport().prototype
      assert.throws(() => verifyRemoteCertificateFingerprint.call(peer), is('fingerprint', why))
      assert.equal(faultOf(line.server)?.code, 'fingerprint')
    }
  })

  it('none that has proved nothing, or has no session', () => {
    const { verifyRemoteCertificateFingerprint } = dtlsTransport().prototype
    for (const dtls of [line.client, undefined])
      assert.throws(
        () =>
          verifyRemoteCertificateFingerprint.call(Object.assign(transport([['sha-256', own()]]), { dtls })),
        is('possession'),
      )
    assert.equal(faultOf(line.client)?.code, 'possession')
  })

  it('the fault of a refused handshake can be asked for', async () => {
    const refused = loopback({ ...keys, client: { ...keys.client, keyPem: keys.server.keyPem } })
    await refused.outcome(10_000)
    refused.close()
    assert.equal(faultOf(refused.server)?.code, 'possession')
    assert.deepEqual([hasProved(refused.server), hasProved({})], [false, false])
    assert.equal(faultOf({}), undefined)
  })

  it('no role but the server’s', async () => {
    for (const role of ['client', 'auto'])
      await assert.rejects(
        dtlsTransport().prototype.start.call({ role } as unknown as DtlsTransport),
        is('role'),
      )
  })

  it('one description of each connection', async () => {
    const { setRemoteDescription } = werift.RTCPeerConnection.prototype
    const [one, two] = [new werift.RTCPeerConnection(), new werift.RTCPeerConnection()]
    const nonsense = { type: 'offer', sdp: '' } as const
    for (const peer of [one, two])
      await setRemoteDescription
        .call(peer, nonsense)
        .catch(error => assert.ok(!is('second_description')(error)))
    await assert.rejects(setRemoteDescription.call(one, nonsense), is('second_description'))
    await one.close()
    await two.close()
  })
})
