import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hasProved, installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { dtlsTransport } from '@ownsight/camera-agent/rtc/guard/internals'
import { splitRecords } from '@ownsight/camera-agent/rtc/guard/records'
import { type GuardCode, GuardError } from '@ownsight/camera-agent/rtc/guard-error'
import { type Keys, type Loopback, loopback, makeKeys, type Wire } from '@ownsight/camera-agent/rtc/loopback'
import { werift } from '@ownsight/camera-agent/rtc/werift'
import { until } from '../support/wait.ts'

const WAIT_MS = 5000
const stopped = (code: GuardCode) => (error: unknown) => error instanceof GuardError && error.code === code

/** MUSTs of docs/PROTOCOL.md §10, on the guarded build, between two ends in this process. */
describe('conformance: transport', function () {
  this.timeout(30_000)
  let keys: { server: Keys; client: Keys }
  const lines: Loopback[] = []

  before(async () => {
    installGuard()
    keys = { server: await makeKeys(), client: await makeKeys() }
  })
  afterEach(() => {
    for (const line of lines.splice(0)) line.close()
  })
  function joined(options: Parameters<typeof loopback>[1] = {}, own = keys): Loopback {
    const line = loopback(own, options)
    lines.push(line)
    return line
  }
  async function connected(options: Parameters<typeof loopback>[1] = {}): Promise<Loopback> {
    const line = joined(options)
    assert.equal(await line.outcome(WAIT_MS), 'connected')
    assert.ok(hasProved(line.server))
    return line
  }
  async function refused(line: Loopback, code: GuardCode): Promise<void> {
    const outcome = await line.outcome(WAIT_MS)
    assert.ok(outcome instanceof GuardError, String(outcome))
    assert.equal(outcome.code, code)
    assert.deepEqual([line.server.connected, hasProved(line.server)], [false, false])
  }
  const heard = (line: Loopback): string[] => {
    const texts: string[] = []
    line.server.onData.subscribe(data => void texts.push(data.toString()))
    return texts
  }

  describe('start', () => {
    /** A process of its own whose agent has one piece of its source replaced while loading. */
    function start(file: string, text: string, replacement: string) {
      const rtc = join(import.meta.dirname, '..', '..', 'camera-agent', 'src', 'rtc')
      const without = join(import.meta.dirname, '..', 'support', 'without.ts')
      const program = `
        const { installGuard } = await import(${JSON.stringify(join(rtc, 'dtls-guard.ts'))})
        const { selfTest } = await import(${JSON.stringify(join(rtc, 'self-test.ts'))})
        installGuard()
        await selfTest()
        process.exit(0)`
      const env = { ...process.env, WITHOUT_FILE: file, WITHOUT_TEXT: text, WITHOUT_REPLACEMENT: replacement }
      return spawnSync(process.execPath, ['--import', without, '--input-type=module', '-e', program], {
        env,
        encoding: 'utf8',
      })
    }

    it('M-10.1 with the guard whole it starts', () => {
      const { status, stderr } = start(
        'guard-error.ts',
        "override readonly name = 'GuardError'",
        "override readonly name = 'GuardError'",
      )
      assert.equal(status, 0, stderr)
    })

    it('M-10.1 attack 18: with another version of the library it does not start', () => {
      const { status, stderr } = start(
        'rtc/werift.ts',
        "PINNED_VERSION = '0.25.2'",
        "PINNED_VERSION = '0.25.1'",
      )
      assert.notEqual(status, 0)
      assert.match(stderr, /made for werift/)
    })

    it('M-10.2 attack 18: with the proof disabled the self-test refuses to start', () => {
      const call = 'checkSignature(leaf, certificateVerify.fragment, upToKeyExchange)'
      const { status, stderr } = start('guard/possession.ts', call, '')
      assert.notEqual(status, 0)
      assert.match(stderr, /self-test "a certificate without its key is refused"/)
    })
  })

  it('M-10.3 attack 15: the camera never takes the client role', async () => {
    const transport = Object.create(dtlsTransport().prototype as object)
    transport.role = 'client'
    await assert.rejects(transport.start(), stopped('role'))
  })

  it('M-10.4 attack 14: anything but one SHA-256 fingerprint is refused', () => {
    const verify = dtlsTransport().prototype.verifyRemoteCertificateFingerprint
    const one = { algorithm: 'sha-256', value: 'AA' }
    for (const fingerprints of [[], [one, { ...one, value: 'BB' }], [{ ...one, algorithm: 'sha-1' }]])
      assert.throws(
        () => verify.call({ remoteParameters: { fingerprints } } as never),
        stopped('fingerprint'),
      )
  })

  it('M-10.5 attack 15: without the proof nothing is keyed', () => {
    const verify = dtlsTransport().prototype.verifyRemoteCertificateFingerprint
    const remoteParameters = { fingerprints: [{ algorithm: 'sha-256', value: 'AA' }] }
    for (const dtls of [undefined, {}])
      assert.throws(() => verify.call({ remoteParameters, dtls } as never), stopped('possession'))
  })

  it('M-10.5 attack 15: the right certificate without its key is refused', async () => {
    await refused(
      joined({}, { ...keys, client: { ...keys.client, keyPem: keys.server.keyPem } }),
      'possession',
    )
  })

  it('M-10.6 attack 17: a client without the extended master secret is refused', async () => {
    await refused(joined({ client: { extendedMasterSecret: false } }), 'possession')
  })

  it('M-10.7 a client that finished another handshake is refused', async () => {
    const line = joined()
    Object.assign(line.client.cipher, { verifyData: () => Buffer.alloc(12, 7) })
    await refused(line, 'finished')
  })

  it('M-10.8 attack 17: copies and any order on the way change nothing', async () => {
    // Each record by itself, last one first, then all of them again in their order.
    const wire: Wire = (data, to) => {
      const records = splitRecords(data).map(({ raw }) => ({ data: raw }))
      return to === 'client' ? [{ data }, { data }] : [...records.toReversed(), ...records]
    }
    await connected({ wire })
  })

  it('M-10.9 attack 16: nothing in the clear is obeyed after the proof', async () => {
    const line = await connected()
    const secret = line.server.cipher.masterSecret
    const ended: string[] = []
    line.server.onClose.subscribe(() => void ended.push('closed'))
    line.server.onError.subscribe(() => void ended.push('failed'))
    // Once the server has heard from the client it repeats its last flight no more.
    await line.client.send(Buffer.from('hello'))
    await delay(20)
    const sent = line.toClient.length
    line.inject(Buffer.from('15fefd0000000000000063000202' + '00', 'hex'), 'server')
    for (const datagram of line.toServer.slice(0, 3)) line.inject(datagram, 'server')
    await delay(900)
    assert.deepEqual(ended, [])
    assert.equal(line.server.cipher.masterSecret, secret)
    assert.equal(line.toClient.length, sent)
    const texts = heard(line)
    await line.client.send(Buffer.from('still here'))
    await delay(20)
    assert.deepEqual(texts, ['still here'])
  })

  it('M-10.10 application data before the proof is dropped', async () => {
    // Finished is held back; what the client says meanwhile is sealed under the right keys.
    const held: Buffer[] = []
    let isHeld = true
    const wire: Wire = (data, to) =>
      to === 'client'
        ? [{ data }]
        : splitRecords(data).flatMap(({ raw, epoch }) => {
            if (epoch === 0 || !isHeld) return { data: raw }
            held.push(raw)
            return []
          })
    const line = joined({ wire })
    const texts = heard(line)
    const isAlmost = () => held.length > 0 && line.server.cipher.masterSecret
    await until(isAlmost, { timeout: WAIT_MS, what: 'a handshake without its end' })
    await line.client.send(Buffer.from('early'))
    const early = held.find(data => splitRecords(data).some(({ type }) => type === 23))
    assert.ok(early)
    line.inject(early, 'server')
    assert.equal(hasProved(line.server), false)
    isHeld = false
    for (const data of held) if (data !== early) line.inject(data, 'server')
    assert.equal(await line.outcome(WAIT_MS), 'connected')
    await line.client.send(Buffer.from('later'))
    await until(() => texts.includes('later'), { timeout: WAIT_MS, what: 'what is said after the proof' })
    assert.deepEqual(texts, ['later'])
  })

  it('M-10.11 a copied record is delivered once', async () => {
    const line = await connected()
    const texts = heard(line)
    await line.client.send(Buffer.from('once'))
    await delay(20)
    const record = line.toServer.at(-1)
    assert.ok(record)
    for (let i = 0; i < 3; i++) line.inject(record, 'server')
    assert.deepEqual(texts, ['once'])
  })

  it('M-10.12 no two sealed records share a nonce', async () => {
    const line = await connected()
    for (let i = 0; i < 20; i++) await line.server.send(Buffer.from([i]))
    const records = line.toClient.flatMap(splitRecords).filter(({ epoch }) => epoch === 1)
    const distinct = new Map(records.map(({ raw }) => [raw.toString('hex'), raw.toString('hex', 13, 21)]))
    assert.ok(distinct.size >= 21)
    assert.equal(new Set(distinct.values()).size, distinct.size)
  })

  it('M-10.15 attack 27: one connection takes one description', async () => {
    const pc = new werift.RTCPeerConnection({})
    try {
      const description = { type: 'offer' as const, sdp: 'v=0\r\n' }
      await pc.setRemoteDescription(description).catch(() => {})
      await assert.rejects(pc.setRemoteDescription(description), stopped('second_description'))
    } finally {
      await pc.close()
    }
  })
})
