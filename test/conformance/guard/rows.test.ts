import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import type { GuardError } from '@ownsight/camera-agent/rtc/guard-error'
import { loopback, makeKeys } from '@ownsight/camera-agent/rtc/loopback'
import { acceptOffer, type CameraPeer } from '@ownsight/camera-agent/rtc/peer'
import { internal } from '@ownsight/camera-agent/rtc/werift'
import fc from 'fast-check'
import { until } from '../../support/wait.ts'
import { createViewer, type WeriftViewer } from '../../support/werift-viewer.ts'

type Message = {
  bytes: Buffer
  setAttribute(name: string, value: unknown): Message
  addMessageIntegrity(key: Buffer): Message
}
const PLAINTEXT_ALERT = Buffer.from('15fefd00000000000000630002' + '0100', 'hex')
const FATAL_ALERT = Buffer.from('15fefd00000000000000630002' + '022a', 'hex')

/** A stranger on the network and the session it wants to disturb, which goes on as if nothing had happened. */
describe('what is left for an attacker with access to the path', function () {
  this.timeout(30_000)
  let viewer: WeriftViewer
  let camera: CameraPeer
  let stranger: Socket
  let replies = 0
  const heard: string[] = []
  before(() => installGuard())
  beforeEach(async () => {
    viewer = await createViewer()
    camera = await acceptOffer(viewer.offer, { signal: new AbortController().signal })
    heard.length = 0
    camera.onMessage(text => heard.push(text))
    await viewer.accept(camera.answer)
    await camera.open
    stranger = createSocket('udp4').bind(0)
    await once(stranger, 'listening')
    replies = 0
    stranger.on('message', () => replies++)
  })
  afterEach(async () => {
    stranger.close()
    await camera.close()
    await viewer.close()
  })
  const attribute = (name: string): string => new RegExp(`a=${name}:(\\S+)`).exec(camera.answer)?.[1] ?? ''
  async function throwAt(...datagrams: Buffer[]): Promise<void> {
    const [, address = '', port = ''] =
      /udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/.exec(camera.answer) ?? []
    for (const datagram of datagrams)
      await new Promise(resolve => stranger.send(datagram, Number(port), address, resolve))
  }
  async function goesOn(): Promise<void> {
    viewer.send('still there?')
    // SCTP sends a message that was lost on a busy machine again after a second, then after two more.
    await until(() => heard.includes('still there?'), {
      timeout: 10_000,
      what: 'the message after the attack',
    })
    assert.equal(replies, 0)
    assert.ok(!viewer.states.includes('failed'))
    assert.equal(heard.length, 1)
  }
  function stun(username: string, key: string | undefined): Buffer {
    const { Message: StunMessage } = internal<{ Message: new (method: number, kind: number) => Message }>(
      'ice/src/stun/message.js',
    )
    const request = new StunMessage(1, 0)
      .setAttribute('USERNAME', username)
      .setAttribute('PRIORITY', 1)
      .setAttribute('ICE-CONTROLLING', 1n)
    if (key) request.addMessageIntegrity(Buffer.from(key))
    return request.bytes
  }

  it('STUN requests unauthenticated: forged request -> no reply', async () => {
    const username = `${attribute('ice-ufrag')}:${/a=ice-ufrag:(\S+)/.exec(viewer.offer)?.[1]}`
    const right = attribute('ice-pwd')
    const unsealed = Buffer.concat([stun(username, right), Buffer.from('00250000', 'hex')])
    unsealed.writeUInt16BE(unsealed.length - 20, 2)
    await throwAt(stun('any:one', right), stun(username, undefined), stun(username, 'wrong'), unsealed)
    await goesOn()
    await throwAt(stun(username, right))
    await until(() => replies > 0, { timeout: 3000, what: 'the reply to a right one' })
  })
  it('source address of data: foreign socket sends bytes >= 20: handler not called', async () => {
    await throwAt(Buffer.from([20]), Buffer.from([63, 1, 2]), Buffer.alloc(200, 23), Buffer.alloc(60, 0x80))
    await goesOn()
  })
  it('plaintext alert: send it, session stays connected', async () => {
    await throwAt(PLAINTEXT_ALERT, FATAL_ALERT)
    await goesOn()
  })
  it('malformed datagrams: fuzz at the socket', async () => {
    for (const bytes of fc.sample(fc.uint8Array({ maxLength: 64 }), { numRuns: 300, seed: 7 }))
      await throwAt(Buffer.from(bytes))
    await goesOn()
  })
})

describe('what is left for an attacker who can write as the peer', function () {
  this.timeout(30_000)
  before(() => installGuard())

  it('plaintext alert and malformed datagrams from the peer’s own address: fuzz at onData', async () => {
    const line = loopback({ server: await makeKeys(), client: await makeKeys() })
    assert.equal(await line.outcome(5000), 'connected')
    let delivered = 0
    let closed = 0
    line.server.onData.subscribe(() => delivered++)
    line.server.onClose.subscribe(() => closed++)
    const known = [...line.toServer, PLAINTEXT_ALERT, FATAL_ALERT]
    const mutated = fc
      .tuple(
        fc.nat(known.length - 1),
        fc.array(fc.tuple(fc.nat(1400), fc.nat(255)), { maxLength: 4 }),
        fc.nat(40),
      )
      .map(([which, changes, cut]) => {
        const bytes = Buffer.from(known[which] ?? [])
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        return bytes.subarray(0, bytes.length - Math.min(cut, bytes.length))
      })
    const junk = fc.uint8Array({ maxLength: 1500 }).map(bytes => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.oneof(mutated, junk), datagram => line.inject(datagram, 'server')),
      { numRuns: 5000 },
    )
    assert.deepEqual([delivered, closed, line.server.connected], [0, 0, true])
    await line.client.send(Buffer.from('x'))
    await until(() => delivered === 1, { timeout: 3000, what: 'the data after it' })
    line.close()
  })

  it('malformed datagrams during the handshake never prove anything', async () => {
    const line = loopback({ server: await makeKeys(), client: await makeKeys() }, { wire: () => [] })
    const hello = line.toServer[0] ?? Buffer.alloc(0)
    const changed = fc.tuple(fc.nat(hello.length - 1), fc.nat(255)).map(([at, value]) => {
      const bytes = Buffer.from(hello)
      bytes[at] = value
      return bytes
    })
    const junk = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.concat([hello.subarray(0, 13), bytes]))
    fc.assert(
      fc.property(fc.oneof(changed, junk), datagram => line.inject(datagram, 'server')),
      { numRuns: 500 },
    )
    await delay(50)
    assert.equal(line.server.connected, false)
    line.close()
  })

  it('fatal alert ignored: a client that refuses ends the camera’s wait in under a second', async () => {
    const line = loopback(
      { server: await makeKeys(), client: await makeKeys() },
      { wire: (data, to) => (to === 'server' && data[13] === 11 ? [{ data: FATAL_ALERT }] : [{ data }]) },
    )
    const since = performance.now()
    const outcome = await line.outcome(5000)
    assert.equal((outcome as GuardError).code, 'alert')
    assert.ok(performance.now() - since < 2000)
    line.close()
  })
})
