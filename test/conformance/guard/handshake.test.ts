import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { faultOf, hasProved, installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { type Fragment, splitRecords } from '@ownsight/camera-agent/rtc/guard/records'
import { type GuardCode, GuardError } from '@ownsight/camera-agent/rtc/guard-error'
import { type Keys, type Loopback, loopback, makeKeys, type Wire } from '@ownsight/camera-agent/rtc/loopback'
import { message, pieces, rewrite } from '../../support/dtls-wire.ts'
import { until } from '../../support/wait.ts'

const [HELLO, CERTIFICATE, KEY_EXCHANGE, VERIFY] = [1, 11, 16, 15]

const toServer =
  (change: (fragment: Fragment) => Buffer[] | undefined): Wire =>
  (data, to) =>
    to === 'client' ? [{ data }] : rewrite(data, change).map(each => ({ data: each }))
const only = (type: number | undefined, change: (fragment: Fragment) => Buffer[]): Wire =>
  toServer(fragment => (fragment.type === type ? change(fragment) : undefined))

/** A P-256 share that is not the client's own. */
const otherShare = (data: Buffer): Buffer =>
  Buffer.concat([data.subarray(0, 1), randomBytes(data.length - 1)])

describe('handshakes an attacker may write', function () {
  this.timeout(20_000)
  let keys: { server: Keys; client: Keys }
  let foreign: Keys
  let line: Loopback | undefined
  before(async () => {
    installGuard()
    const [server, client, other] = await Promise.all([makeKeys(), makeKeys(), makeKeys()])
    keys = { server, client }
    foreign = other
  })
  afterEach(() => line?.close())

  /** Both ends hold the same keys, the certificate in use is the client's own, and data passes. */
  async function connects(wire: Wire): Promise<void> {
    const held = loopback(keys, { wire })
    line = held
    assert.equal(await held.outcome(5000), 'connected')
    assert.ok(hasProved(held.server))
    assert.ok(held.server.cipher.remoteCertificate?.equals(leafOf(keys.client)))
    let heard = ''
    held.server.onData.subscribe(data => {
      heard = data.toString()
    })
    await until(() => held.client.connected, { timeout: 5000, what: 'the client' })
    await held.client.send(Buffer.from('ours'))
    await until(() => heard === 'ours', { timeout: 5000, what: 'data under the agreed keys' })
  }
  /** Never connected, never proved, and not one sealed record has left. */
  async function refused(code: GuardCode, wire: Wire, client?: object): Promise<void> {
    line = loopback(keys, client ? { wire, client } : { wire })
    const outcome = await line.outcome(5000)
    assert.ok(outcome instanceof GuardError, `it ended as ${outcome}`)
    assert.equal(outcome.code, code)
    assert.equal(faultOf(line.server)?.code, code)
    assertShut(line)
  }
  /** The two ends come to different keys, so that the server cannot even read a Finished: it ends by its deadline. */
  async function neverConnects(wire: Wire): Promise<void> {
    line = loopback(keys, { wire })
    assert.notEqual(await line.outcome(2000), 'connected')
    assert.ok(line.toServer.flatMap(splitRecords).some(record => record.epoch > 0))
    assertShut(line)
  }
  function assertShut({ server, toClient }: Loopback): void {
    assert.deepEqual([server.connected, hasProved(server)], [false, false])
    assert.equal(toClient.flatMap(splitRecords).filter(record => record.epoch > 0).length, 0)
  }
  const leafOf = ({ certPem }: Keys): Buffer =>
    Buffer.from(certPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  const listOf = (der: Buffer): Buffer => {
    const sizes = Buffer.alloc(6)
    sizes.writeUIntBE(der.length + 3, 0, 3)
    sizes.writeUIntBE(der.length, 3, 3)
    return Buffer.concat([sizes, der])
  }
  const plain: Wire = data => [{ data }]

  it('attack 17: a second Certificate, foreign, behind the first changes nothing', () =>
    connects(only(CERTIFICATE, each => [message(each), message(each, { data: listOf(leafOf(foreign)) })])))

  it('attack 17: a foreign Certificate before the first is refused', () =>
    neverConnects(
      only(CERTIFICATE, each => [message(each, { data: listOf(leafOf(foreign)) }), message(each)]),
    ))

  it('attack 17: a second ClientKeyExchange behind the first changes no key', () =>
    connects(only(KEY_EXCHANGE, each => [message(each), message(each, { data: otherShare(each.data) })])))

  it('attack 17: a second CertificateVerify behind the first changes nothing', () =>
    connects(only(VERIFY, each => [message(each), message(each, { data: randomBytes(each.data.length) })])))

  it('attack 17: a spoiled signature is refused', () =>
    refused(
      'possession',
      only(VERIFY, each => {
        const data = Buffer.from(each.data)
        data.writeUInt8(data.readUInt8(data.length - 1) ^ 1, data.length - 1)
        return [message(each, { data })]
      }),
    ))

  it('attack 17: a CertificateVerify with bytes behind its signature is refused', () =>
    refused(
      'possession',
      only(VERIFY, each => [message(each, { data: Buffer.concat([each.data, Buffer.alloc(1)]) })]),
    ))

  it('attack 17: a ClientKeyExchange in the place of CertificateVerify is refused', () =>
    refused(
      'order',
      only(VERIFY, each => [message(each, { type: 16, data: Buffer.alloc(66) })]),
    ))

  it('attack 17: an empty Certificate list is refused', () =>
    neverConnects(only(CERTIFICATE, each => [message(each, { data: Buffer.alloc(3) })])))

  it('attack 17: messages in reverse order connect', () =>
    connects((data, to) => {
      const records = to === 'client' ? [data] : rewrite(data, () => undefined).reverse()
      return records.map(each => ({ data: each }))
    }))

  it('attack 17: messages in fragments of 50 bytes, the last one first, connect', () =>
    connects(toServer(each => pieces(each, 50).reverse())))

  it('attack 17: fragments that disagree about the length of their message do not connect it', () =>
    connects(
      only(CERTIFICATE, each => {
        const [first = Buffer.alloc(0), ...rest] = pieces(each, 100)
        const longer = pieces({ ...each, length: each.length + 500 }, 100).slice(1)
        return [first, ...longer, ...rest]
      }),
    ))

  for (const version of [0xfefc, 0xfeff])
    it(`attack 17: a hello for version ${version.toString(16)} only is refused`, () =>
      refused(
        'order',
        only(HELLO, each => {
          const data = Buffer.from(each.data)
          data.writeUInt16BE(version)
          return [message(each, { data })]
        }),
      ))

  it('attack 17: no extended master secret is refused', () =>
    refused('possession', plain, { extendedMasterSecret: false }))

  it('attack 17: a wrong Finished is refused', async () => {
    const held = loopback(keys)
    line = held
    Object.assign(held.client.cipher, { verifyData: () => randomBytes(12) })
    const outcome = await held.outcome(5000)
    assert.ok(outcome instanceof GuardError && outcome.code === 'finished', String(outcome))
    assert.deepEqual([held.server.connected, hasProved(held.server)], [false, false])
  })

  it('attack 16: a ClientHello after connect, of another client, is not answered', async () => {
    const held = loopback(keys)
    line = held
    assert.equal(await held.outcome(5000), 'connected')
    await until(() => held.client.connected, { timeout: 5000, what: 'the client' })
    const stranger = loopback({ server: keys.server, client: foreign })
    assert.equal(await stranger.outcome(5000), 'connected')
    stranger.close()
    const { masterSecret, remoteCertificate } = held.server.cipher
    let heard = ''
    held.server.onData.subscribe(data => {
      heard = data.toString()
    })
    // Flight 6 is said again until the first data: that has to be over before silence means anything.
    await held.client.send(Buffer.from('before'))
    await until(() => heard === 'before', { timeout: 5000, what: 'the data before it' })
    const sent = held.toClient.length
    for (const datagram of stranger.toServer) held.inject(datagram, 'server')
    await held.client.send(Buffer.from('after'))
    await until(() => heard === 'after', { timeout: 5000, what: 'the data after it' })
    assert.equal(held.toClient.length, sent)
    assert.ok(held.server.connected && hasProved(held.server))
    assert.equal(held.server.cipher.masterSecret, masterSecret)
    assert.equal(held.server.cipher.remoteCertificate, remoteCertificate)
  })
})
