import assert from 'node:assert/strict'
import { hasProved, installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { CONTENT, splitRecords } from '@ownsight/camera-agent/rtc/guard/records'
import { type Keys, type Loopback, loopback, makeKeys, type Wire } from '@ownsight/camera-agent/rtc/loopback'
import {
  certificateVerify,
  changingHello,
  emptyCertificate,
  fragmenting,
  type LastFlight,
  sendInstead,
} from '../../support/dtls-peer.ts'
import { until } from '../../support/wait.ts'

const ECDSA_SHA256 = 0x0403
const RSA_SHA256 = 0x0401

const HOSTILE: [string, (flight: LastFlight) => Buffer[]][] = [
  ['a second Certificate', f => [f.sendCertificate(), f.sendCertificate(), ...rest(f)]],
  [
    'a second ClientKeyExchange',
    f => [f.sendCertificate(), f.sendClientKeyExchange(), f.sendClientKeyExchange(), ...end(f)],
  ],
  [
    'a second CertificateVerify',
    f => [f.sendCertificate(), f.sendClientKeyExchange(), f.sendCertificateVerify(), ...end(f)],
  ],
  ['messages in another order', f => [f.sendClientKeyExchange(), f.sendCertificate(), ...end(f)]],
  ['no Certificate', f => rest(f)],
  ['no CertificateVerify', f => [f.sendCertificate(), f.sendClientKeyExchange(), ...closing(f)]],
  ['an empty Certificate', f => [emptyCertificate(f), f.sendClientKeyExchange(), ...closing(f)]],
  ['an empty Certificate with a CertificateVerify', f => [emptyCertificate(f), ...rest(f)]],
  ['an empty signature', f => signed(f, ECDSA_SHA256, Buffer.alloc(0))],
  ['a signature of zeroes', f => signed(f, ECDSA_SHA256, Buffer.alloc(70))],
  ['an EC signature called an RSA one', f => signed(f, RSA_SHA256, Buffer.alloc(256, 1))],
  ['a signature scheme that was not asked for', f => signed(f, 0x0807, Buffer.alloc(64, 1))],
  [
    'a Finished of another handshake',
    f => {
      f.cipher.verifyData = () => Buffer.alloc(12, 3)
      return [f.sendCertificate(), ...rest(f)]
    },
  ],
  [
    'a Finished that is too short',
    f => {
      f.cipher.verifyData = () => Buffer.alloc(4)
      return [f.sendCertificate(), ...rest(f)]
    },
  ],
]

const closing = (f: LastFlight): Buffer[] => [f.sendChangeCipherSpec(), f.sendFinished()]
const end = (f: LastFlight): Buffer[] => [f.sendCertificateVerify(), ...closing(f)]
const rest = (f: LastFlight): Buffer[] => [f.sendClientKeyExchange(), ...end(f)]
const signed = (f: LastFlight, scheme: number, signature: Buffer): Buffer[] => [
  f.sendCertificate(),
  f.sendClientKeyExchange(),
  certificateVerify(f, scheme, signature),
  ...closing(f),
]

const sealed = (datagrams: readonly Buffer[]): number =>
  datagrams.flatMap(splitRecords).filter(record => record.epoch > 0).length

describe('handshakes with the guarded DTLS server', function () {
  this.timeout(30_000)
  let keys: { server: Keys; client: Keys }
  let line: Loopback
  before(async () => {
    installGuard()
    keys = { server: await makeKeys(), client: await makeKeys() }
  })
  afterEach(() => line.close())

  async function refused(): Promise<void> {
    const outcome = await line.outcome(8000)
    assert.ok(outcome instanceof Error, String(outcome))
    assert.deepEqual([line.server.connected, hasProved(line.server)], [false, false])
    assert.equal(sealed(line.toClient), 0, 'nothing was sealed for a refused peer')
  }
  async function passes(wire?: Wire): Promise<void> {
    line = loopback(keys, wire ? { wire } : {})
    assert.equal(await line.outcome(8000), 'connected')
    assert.ok(hasProved(line.server))
  }

  for (const [what, write] of HOSTILE)
    it(`attack 17: ${what} is refused`, async () => {
      line = loopback(keys)
      sendInstead(line, write)
      await refused()
    })

  it('the same flight unchanged passes (so that the cases above are refused for what they change)', async () => {
    line = loopback(keys)
    sendInstead(line, f => [f.sendCertificate(), ...rest(f)])
    assert.equal(await line.outcome(8000), 'connected')
    assert.ok(hasProved(line.server))
  })

  it('attack 15: the right certificate, signed with another key, is refused', async () => {
    line = loopback({ ...keys, client: { ...keys.client, keyPem: keys.server.keyPem } })
    await refused()
  })

  it('attack 17: a hello without DTLS 1.2 is refused', async () => {
    line = loopback(keys, { wire: changingHello(hello => hello.writeUInt16BE(0xfefc, 0)) })
    await refused()
  })

  it('attack 17: fragmented passes', () => passes(fragmenting(40)))
  it('attack 17: reordered passes', () => {
    let n = 0
    const delay = (): number => {
      n += 7
      return 1 + (n % 11)
    }
    return passes(data => splitRecords(data).map(({ raw }) => ({ data: raw, ms: delay() })))
  })
  it('attack 17: every datagram twice passes', () => passes(data => [{ data }, { data, ms: 3 }]))

  it('attack 16: second ClientHello after connect: state connected, same masterSecret, echo works; no flight 2 sent', async () => {
    await passes()
    const secret = line.server.cipher.masterSecret
    const foreign = loopback({ server: keys.server, client: await makeKeys() })
    await foreign.outcome(8000)
    const sent = line.toClient.length
    for (const datagram of foreign.toServer) line.inject(datagram, 'server')
    foreign.close()
    const heard: string[] = []
    line.server.onData.subscribe(data => {
      heard.push(data.toString())
      void line.server.send(data)
    })
    line.client.onData.subscribe(data => heard.push(data.toString()))
    await line.client.send(Buffer.from('echo'))
    await until(() => heard.length === 2, { timeout: 3000, what: 'the echo' })
    assert.equal(line.server.cipher.masterSecret, secret)
    const answers = line.toClient.slice(sent).flatMap(splitRecords)
    // The last flight may come again (RFC 6347 §4.2.4), and begins with a ChangeCipherSpec in the clear.
    assert.deepEqual(
      answers.filter(({ epoch, type }) => epoch === 0 && type !== CONTENT.changeCipherSpec),
      [],
    )
  })
})
