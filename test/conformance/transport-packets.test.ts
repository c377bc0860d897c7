import assert from 'node:assert/strict'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { type IceConnection, iceConnection } from '@ownsight/camera-agent/rtc/guard/internals'
import { rejectReplays } from '@ownsight/camera-agent/rtc/guard/srtp-replay'
import { gateSctp } from '@ownsight/camera-agent/rtc/sctp-gate'
import { internal } from '@ownsight/camera-agent/rtc/werift'
import { until } from '../support/wait.ts'

/** MUSTs of docs/PROTOCOL.md §10 that are about single packets: of ICE, of media, of SCTP. */
describe('conformance: transport, packet by packet', () => {
  before(() => installGuard())

  describe('ICE', () => {
    type Message = {
      bytes: Buffer
      setAttribute(name: string, value: unknown): Message
      addMessageIntegrity(key: Buffer): Message
    }
    type Stun = { Message: new (method: number, kind: number) => Message; parseMessage(data: Buffer): never }

    function agent() {
      const { Event } = internal<{ Event: new () => object }>('common/src/event.js')
      const Connection = iceConnection() as unknown as new (
        controlling: boolean,
        options: object,
      ) => IceConnection
      const connection = new Connection(false, {})
      connection.remoteUsername = 'them'
      const obeyed: unknown[] = []
      const received: unknown[] = []
      const protocol = {
        onRequestReceived: new Event() as {
          execute(...args: never[]): void
          subscribe(handler: unknown): void
        },
        onDataReceived: new Event(),
        datagramReceived: (data: Buffer) => void received.push(data),
        sendStun: async () => {},
      }
      protocol.onRequestReceived.subscribe((message: unknown) => void obeyed.push(message))
      connection.ensureProtocol(protocol as never)
      const { Message, parseMessage } = internal<Stun>('ice/src/stun/message.js')
      const request = (username: string, password?: string): number => {
        const message = new Message(1, 0).setAttribute('USERNAME', username).setAttribute('PRIORITY', 1)
        if (password !== undefined) message.addMessageIntegrity(Buffer.from(password))
        const { bytes } = message
        protocol.onRequestReceived.execute(
          ...([parseMessage(bytes), ['192.0.2.1', 40_000], bytes] as never[]),
        )
        return obeyed.length
      }
      return { connection, protocol, received, request }
    }

    it('M-10.13 a request counts only with our username and our password', () => {
      const { connection, request } = agent()
      const username = `${connection.localUsername}:them`
      assert.equal(request('other:them', connection.localPassword), 0)
      assert.equal(request(username), 0)
      assert.equal(request(username, 'another password'), 0)
      assert.equal(request(username, connection.localPassword), 1)
    })

    it('a check under way is sent again when its address asks, and for nothing that is not authenticated', () => {
      const { connection, protocol, request } = agent()
      const sent: unknown[] = []
      const check = (name: string, port: number, ended = false) => ({
        request: name,
        addr: ['192.0.2.1', port],
        ended,
        protocol: { sendStun: async (what: unknown) => void sent.push(what) },
      })
      const transactions = {
        a: check('other', 40_001),
        b: check('done', 40_000, true),
        c: check('ours', 40_000),
      }
      Object.assign(protocol, { transactions })
      const username = `${connection.localUsername}:them`
      request(username, 'another password')
      assert.deepEqual(sent, [])
      request(username, connection.localPassword)
      assert.deepEqual(sent, ['ours'])
    })

    it('M-10.14 data counts only from the address of the pair in use', () => {
      const { connection, protocol, received } = agent()
      const data = Buffer.from([23, 0xfe, 0xfd])
      const receive = protocol.datagramReceived as (data: Buffer, address: readonly [string, number]) => void
      receive(data, ['192.0.2.66', 1234])
      Object.defineProperty(connection, 'nominated', { value: { remoteAddr: ['192.0.2.7', 5000] } })
      receive(data, ['192.0.2.7', 5001])
      receive(data, ['192.0.2.8', 5000])
      assert.equal(received.length, 0)
      receive(data, ['192.0.2.7', 5000])
      assert.equal(received.length, 1)
    })
  })

  it('M-10.16 an SRTP or SRTCP packet is taken once', () => {
    const packets: Buffer[] = []
    const decrypt = (packet: Buffer) => void packets.push(packet)
    const transport = { dtls: { srtp: { srtpProfile: 7 } }, srtp: { decrypt }, srtcp: { decrypt } }
    rejectReplays(transport as never)
    for (const session of [transport.srtp, transport.srtcp]) {
      packets.length = 0
      const packet = (n: number) => Buffer.from(`8060000${n}${'0'.repeat(40)}8000000${n}`, 'hex')
      session.decrypt(packet(1))
      session.decrypt(packet(3))
      session.decrypt(packet(2))
      for (const n of [1, 2, 3]) assert.throws(() => session.decrypt(packet(n)))
      assert.equal(packets.length, 3)
    }
  })

  describe('SCTP', () => {
    /** What the library is given, by the bytes of each chunk behind an empty common header. */
    function gated(fails = false) {
      const taken: Buffer[] = []
      const faults: unknown[] = []
      const reassembly: unknown[] = []
      const transport = { dataReceiver: (_: Buffer): void => undefined }
      const sctp = {
        lastReceivedTsn: 1000,
        inboundStreams: { 0: { reassembly } },
        onReceive: { execute: () => undefined },
        handleData: async (data: Buffer) => {
          if (fails) throw new Error('a fault of the library')
          taken.push(data)
        },
      }
      gateSctp(transport, { sctp, datachannelReceive: async () => undefined }, () => faults.push('ended'))
      const say = (...chunks: string[]): number => {
        transport.dataReceiver(Buffer.from('00'.repeat(12) + chunks.join(''), 'hex'))
        return taken.length
      }
      return { say, faults, reassembly }
    }
    const HEARTBEAT = '0400000c' + '00010008' + '01020304'
    const PART = '00010014' + '000003e9' + '0000' + '0000' + '00000033' + '61626364'

    it('M-10.17 an SCTP packet is read if each of its chunks is one that may come, and is whole', () => {
      const { say } = gated()
      assert.equal(say(HEARTBEAT), 1)
      assert.equal(say(PART, HEARTBEAT), 2)
      const [unknown, cut, endless] = ['3f000004', '04000010' + '00010008' + '01020304', '00'.repeat(20)]
      for (const bad of [unknown, cut, endless]) {
        say(bad)
        say(HEARTBEAT, bad)
      }
      assert.equal(say(), 2)
    })

    it('M-10.17 no more parts of a message wait than a message has', () => {
      const { say, reassembly } = gated()
      reassembly.push(...Array(255).fill(0))
      assert.equal(say(PART), 1)
      reassembly.push(0)
      assert.equal(say(PART), 1)
    })

    it('M-10.17 what fails in the library ends this session', async () => {
      const { say, faults } = gated(true)
      say(HEARTBEAT)
      await until(() => faults.length > 0, { timeout: 1000, what: 'the end of the session' })
    })
  })
})
