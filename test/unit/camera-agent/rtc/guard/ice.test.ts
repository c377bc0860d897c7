import assert from 'node:assert/strict'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import {
  type Address,
  type IceConnection,
  iceConnection,
  type StunMessage,
  stunMessage,
} from '@ownsight/camera-agent/rtc/guard/internals'
import { internal } from '@ownsight/camera-agent/rtc/werift'
import { frozenClock } from './server-stage.ts'

type Built = {
  bytes: Buffer
  setAttribute(name: string, value: unknown): Built
  addMessageIntegrity(key: Buffer): Built
  addFingerprint(): void
}
const PASSWORD = 'the camera’s password'
const peer: Address = ['192.0.2.7', 40_000]
const stranger: Address = ['192.0.2.9', 40_000]

const newConnection = () => ({
  localUsername: 'cam',
  remoteUsername: 'view',
  localPassword: PASSWORD,
  remoteCandidates: [] as { host: string; port: number }[],
  checkList: [] as object[],
  nominated: undefined as { remoteAddr: Address } | undefined,
  checkComplete: (_pair: object): void => undefined,
})

/** A connection, and one protocol of it behind the guard. */
function stage(
  name: 'datagramReceived' | 'handleStunMessage' | 'neither' = 'datagramReceived',
  connection = newConnection(),
) {
  let subscribed = 0
  const event = () => ({ subscribe: () => subscribed++, execute: (..._args: unknown[]): void => undefined })
  const obeyed: unknown[] = []
  const received: string[] = []
  const resent: unknown[] = []
  const protocol: Record<string, unknown> = {
    onRequestReceived: { ...event(), execute: (...args: unknown[]) => obeyed.push(args) },
    onDataReceived: event(),
    transactions: {
      a: {
        addr: peer,
        ended: false,
        request: 'check',
        protocol: { sendStun: async () => resent.push('check') },
      },
    },
  }
  if (name !== 'neither') protocol[name] = (data: Buffer) => received.push(data.toString('hex'))
  iceConnection().prototype.ensureProtocol.call(connection as unknown as IceConnection, protocol as never)
  const { onRequestReceived } = protocol as unknown as {
    onRequestReceived: { execute(message: StunMessage, address: Address, data: Buffer): void }
  }
  return {
    connection,
    protocol,
    subscribed,
    obeyed,
    received,
    resent,
    request(data: Buffer, address = peer): number {
      const parsed = stunMessage().parseMessage(data)
      assert.ok(parsed)
      onRequestReceived.execute(parsed, address, data)
      return obeyed.length
    },
    data(bytes: string, address: Address): number {
      const receive = protocol[name] as (data: Buffer, address: Address) => void
      receive(Buffer.from(bytes, 'hex'), address)
      return received.length
    },
  }
}

function request({ username = 'cam:view', key = PASSWORD, fingerprint = true } = {}): Buffer {
  const { Message } = internal<{ Message: new (method: number, kind: number) => Built }>(
    'ice/src/stun/message.js',
  )
  const built = new Message(1, 0).setAttribute('USERNAME', username).setAttribute('PRIORITY', 1)
  if (key) built.addMessageIntegrity(Buffer.from(key))
  if (fingerprint) built.addFingerprint()
  return built.bytes
}

/** The request with one more attribute behind all others, its length put right. */
function followedBy(data: Buffer, attribute: string): Buffer {
  const longer = Buffer.concat([data, Buffer.from(attribute, 'hex')])
  longer.writeUInt16BE(longer.length - 20, 2)
  return longer
}

describe('ICE: requests', () => {
  before(() => installGuard())

  it('a right one is obeyed, with a fingerprint and without, and the check under way is sent again', () => {
    const { request: comes, resent, obeyed, subscribed } = stage()
    assert.ok(subscribed > 0, 'the library itself listens too')
    const data = request()
    assert.equal(comes(data), 1)
    assert.deepEqual((obeyed[0] as unknown[]).slice(1), [peer, data])
    assert.deepEqual(resent, ['check'])
    assert.equal(comes(request({ fingerprint: false })), 2)
  })

  it('one for another session, without integrity or with that of another password is not', () => {
    const { request: comes, resent } = stage()
    for (const wrong of [
      { username: 'view:cam' },
      { username: 'cam:other' },
      { username: 'cam' },
      { key: '' },
      { key: 'another password' },
    ])
      assert.equal(comes(request(wrong)), 0, JSON.stringify(wrong))
    assert.deepEqual(resent, [])
  })

  it('none is, where there is no password to judge it by', () => {
    const { connection, request: comes } = stage()
    Reflect.deleteProperty(connection, 'localPassword')
    assert.equal(comes(request()), 0)
  })

  it('one with anything but a fingerprint behind its integrity is not', () => {
    const { request: comes } = stage()
    const sealed = request({ fingerprint: false })
    const useCandidate = '00250000'
    assert.equal(comes(followedBy(sealed, useCandidate)), 0)
    // an attribute whose padded length hides what stands behind it, or reaches to the end
    assert.equal(comes(followedBy(sealed, `8022000141000000${useCandidate}`)), 0)
    assert.equal(comes(sealed), 1)
  })

  it('attributes of any length before the integrity do no harm', () => {
    const { request: comes } = stage()
    for (const [i, username] of ['cam:view'].entries()) assert.equal(comes(request({ username })), i + 1)
    const other = stage()
    for (let n = 1; n <= 5; n++) {
      other.connection.localUsername = 'c'.repeat(n)
      assert.equal(other.request(request({ username: `${'c'.repeat(n)}:view` })), n)
    }
  })
})

describe('ICE: where data may come from', () => {
  before(() => installGuard())
  const STUN = '0001'
  const LAST_STUN = '03'
  const DTLS = '16fe'

  for (const name of ['datagramReceived', 'handleStunMessage'] as const) {
    it(`before nomination: from a known candidate, by host and port: ${name}`, () => {
      const { connection, data } = stage(name)
      assert.equal(data(DTLS, peer), 0)
      connection.remoteCandidates.push({ host: '192.0.2.1', port: 1 }, { host: peer[0], port: peer[1] })
      assert.equal(data(DTLS, peer), 1)
      assert.equal(data(DTLS, [peer[0], 40_001]), 1)
      assert.equal(data(DTLS, stranger), 1)
    })

    it(`once nominated: from that pair alone: ${name}`, () => {
      const { connection, data } = stage(name)
      connection.remoteCandidates.push({ host: stranger[0], port: stranger[1] })
      connection.nominated = { remoteAddr: peer }
      assert.equal(data(DTLS, peer), 1)
      assert.equal(data(DTLS, stranger), 1)
    })
  }

  it('from where an authenticated request came, nominated or not', () => {
    const { connection, request: comes, data } = stage()
    connection.nominated = { remoteAddr: peer }
    comes(request(), stranger)
    assert.equal(data(DTLS, stranger), 1)
    assert.equal(data(DTLS, ['192.0.2.10', 1]), 1)
  })

  it('not from where a forged request came', () => {
    const { request: comes, data } = stage()
    comes(request({ key: 'another password' }), stranger)
    assert.equal(data(DTLS, stranger), 0)
  })

  it('from 64 such places at most, and the first of them stay', () => {
    const { request: comes, data } = stage()
    for (let port = 1; port <= 70; port++) comes(request(), ['192.0.2.7', port])
    let heard = 0
    for (let port = 1; port <= 70; port++) heard = data(DTLS, ['192.0.2.7', port])
    assert.equal(heard, 64)
    assert.equal(data(DTLS, ['192.0.2.7', 64]), 65)
    assert.equal(data(DTLS, ['192.0.2.7', 65]), 65)
  })

  it('STUN from anywhere: its integrity decides', () => {
    const { data, received } = stage()
    assert.equal(data(STUN, stranger), 1)
    assert.equal(data(LAST_STUN, stranger), 2)
    assert.equal(data('04', stranger), 2)
    data('', stranger)
    assert.deepEqual(received.slice(0, 2), [STUN, LAST_STUN])
  })

  it('a protocol that receives nothing itself is left alone', () =>
    assert.doesNotThrow(() => stage('neither')))
})

describe('ICE: a pair that the peer uses and does not nominate', () => {
  before(() => installGuard())
  const DTLS = '16fe'
  let clock: ReturnType<typeof frozenClock>
  beforeEach(() => {
    clock = frozenClock()
  })
  afterEach(() => clock.release())

  /** Two protocols of one connection, the peer known over both, and the pairs that were taken. */
  function two() {
    const connection = newConnection()
    const taken: object[] = []
    connection.remoteCandidates.push({ host: peer[0], port: peer[1] })
    connection.checkComplete = pair => taken.push(pair)
    const ways = [stage('datagramReceived', connection), stage('datagramReceived', connection)]
    const pairs = ways.map(({ protocol }) => ({ state: 3, nominated: false, protocol, remoteAddr: peer }))
    connection.checkList.push(...pairs)
    return { ways, pairs, taken }
  }

  it('is taken once DTLS has come over it for 900 ms', () => {
    const { ways, pairs, taken } = two()
    ways[0]!.data(DTLS, peer)
    clock.advance(899)
    ways[0]!.data(DTLS, peer)
    assert.deepEqual(taken, [])
    clock.advance(1)
    ways[0]!.data(DTLS, peer)
    assert.deepEqual([taken.length, taken[0] === pairs[0]], [1, true])
  })

  it('is not, where the peer changed over between the protocols of the connection', () => {
    const { ways, taken } = two()
    for (const way of [0, 1, 0]) {
      ways[way]!.data(DTLS, peer)
      clock.advance(800)
    }
    assert.deepEqual(taken, [])
  })

  it('is not, where DTLS comes from an address that is not known', () => {
    const { ways, pairs, taken } = two()
    pairs[0]!.remoteAddr = stranger
    for (let n = 0; n < 3; n++) {
      ways[0]!.data(DTLS, stranger)
      clock.advance(900)
    }
    assert.deepEqual(taken, [])
  })
})
