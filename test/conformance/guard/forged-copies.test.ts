import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { faultOf, hasProved, installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { type Fragment, splitRecords } from '@ownsight/camera-agent/rtc/guard/records'
import { type GuardCode, GuardError } from '@ownsight/camera-agent/rtc/guard-error'
import { type Keys, type Loopback, loopback, makeKeys, type Wire } from '@ownsight/camera-agent/rtc/loopback'
import { message, pieces, rewrite } from '../../support/dtls-wire.ts'
import { until } from '../../support/wait.ts'

const [CERTIFICATE, KEY_EXCHANGE, VERIFY] = [11, 16, 15]

const toServer =
  (change: (fragment: Fragment) => Buffer[] | undefined): Wire =>
  (data, to) =>
    to === 'client' ? [{ data }] : rewrite(data, change).map(each => ({ data: each }))
const only = (type: number | undefined, change: (fragment: Fragment) => Buffer[]): Wire =>
  toServer(fragment => (fragment.type === type ? change(fragment) : undefined))

/** A P-256 share that is not the client's own. */
const otherShare = (data: Buffer): Buffer =>
  Buffer.concat([data.subarray(0, 1), randomBytes(data.length - 1)])

describe('handshake messages forged on the path, in the place of the client’s own', function () {
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
  async function refused(code: GuardCode, wire: Wire): Promise<void> {
    line = loopback(keys, { wire })
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

  it('attack 17: a CertificateVerify that is longer than it says is refused', () =>
    refused(
      'possession',
      only(VERIFY, each => {
        const data = Buffer.from(each.data)
        data.writeUInt16BE(data.readUInt16BE(2) - 1, 2)
        return [message(each, { data })]
      }),
    ))

  it('attack 17: fragments that disagree about the length of their message do not connect it', () =>
    connects(
      only(CERTIFICATE, each => {
        const [first = Buffer.alloc(0), ...rest] = pieces(each, 100)
        const longer = pieces({ ...each, length: each.length + 500 }, 100).slice(1)
        return [first, ...longer, ...rest]
      }),
    ))
})
