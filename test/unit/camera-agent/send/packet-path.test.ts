import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createProtection, openPacketPath } from '@ownsight/camera-agent/rtc/send/packet-path'
import type { RtpFields } from '@ownsight/camera-agent/rtc/send/rtp-fields'
import { AEAD_AES_128_GCM, AES_CM_HMAC_SHA1_80 } from '@ownsight/camera-agent/rtc/send/srtp-cipher'
import { internal, werift } from '@ownsight/camera-agent/rtc/werift'

type Session = {
  localContext: Parameters<typeof createProtection>[0]
  encrypt(payload: Buffer, header: object): Buffer
  decrypt(packet: Buffer): Buffer
}
const { SrtpSession } = internal<{ SrtpSession: new (config: object) => Session }>('rtp/src/srtp/srtp.js')

const PROFILES = [
  { name: 'AEAD_AES_128_GCM', profile: AEAD_AES_128_GCM, saltBytes: 12 },
  { name: 'AES128_CM_HMAC_SHA1_80', profile: AES_CM_HMAC_SHA1_80, saltBytes: 14 },
]
const EXTENSION = 5

function sessionOf(profile: number, saltBytes: number): Session {
  const [localMasterKey, localMasterSalt] = [randomBytes(16), randomBytes(saltBytes)]
  const keys = {
    localMasterKey,
    localMasterSalt,
    remoteMasterKey: localMasterKey,
    remoteMasterSalt: localMasterSalt,
  }
  return new SrtpSession({ keys, profile })
}

const fields = (sequence: number, more: Partial<RtpFields> = {}): RtpFields => ({
  ssrc: 0xfedcba98,
  payloadType: 96,
  sequence: sequence & 0xffff,
  timestamp: (0xffffff00 + sequence * 3000) >>> 0,
  marker: sequence % 3 === 0,
  padding: false,
  wide: (sequence * 7) & 0xffff,
  payload: randomBytes(1 + ((sequence * 977) % 1200)),
  ...more,
})

/** The same packet as werift would have written it. */
const headerOf = ({ sequence, wide, ...rest }: RtpFields): object =>
  new werift.RtpHeader({
    version: 2,
    ...rest,
    sequenceNumber: sequence,
    extensions: wide === undefined ? [] : [{ id: EXTENSION, payload: Buffer.from([wide >> 8, wide & 0xff]) }],
  })

describe('packets as they leave', () => {
  for (const { name, profile, saltBytes } of PROFILES)
    describe(name, () => {
      it('are those that werift would have sent, over two turns of the sequence number', () => {
        const session = sessionOf(profile, saltBytes)
        const protect = createProtection(session.localContext, EXTENSION)
        const shown = (at: number): boolean => at % 4096 < 40 || at % 0x10000 > 0xffd8
        for (let at = 0xff00; at < 0x20100; at++) {
          const packet = fields(at, shown(at) ? {} : { payload: Buffer.alloc(1) })
          const ours = protect(packet)
          const theirs = session.encrypt(packet.payload, headerOf(packet))
          if (shown(at)) assert.deepEqual(ours, theirs, String(at))
        }
      }).timeout(60_000)

      it('are so for each of several streams, with and without the extension, and as padding', () => {
        const session = sessionOf(profile, saltBytes)
        const protect = createProtection(session.localContext, EXTENSION)
        for (let at = 0xfff0; at < 0x10010; at++)
          for (const more of [
            { ssrc: 1 },
            { ssrc: 0xffffffff, wide: undefined, payloadType: 127 },
            { ssrc: 3, padding: true, payload: Buffer.from([0, 0, 3]) },
            { ssrc: 0x80000000, payload: Buffer.alloc(1200, at) },
          ]) {
            const packet = fields(at, more)
            const ours = protect(packet)
            assert.deepEqual(ours, session.encrypt(packet.payload, headerOf(packet)))
            assert.equal(ours.readUInt32BE(8), more.ssrc)
          }
      })

      it('are never two under one number', () => {
        const protect = createProtection(sessionOf(profile, saltBytes).localContext, EXTENSION)
        protect(fields(7))
        protect(fields(8))
        for (const at of [8, 7, 6, 10, 8 + 0x10000]) assert.throws(() => protect(fields(at)), /one another/)
        protect(fields(9))
      })
    })

  it('are not made with keys of another form', () => {
    const { localContext } = sessionOf(AEAD_AES_128_GCM, 12)
    for (const changed of [
      { profile: 2 },
      { srtpSessionKey: randomBytes(32) },
      { srtpSessionSalt: randomBytes(12) },
      { srtpSessionAuthTag: undefined },
    ])
      assert.throws(
        () => createProtection({ ...localContext, ...changed } as never, EXTENSION),
        /another form/,
      )
  })
})

describe('the way of a viewer', () => {
  const PEER = ['192.0.2.7', 4711] as const
  const open = () => {
    const sent: { data: Buffer; port: number; host: string }[] = []
    const relayed: Buffer[] = []
    const socket = {
      send: (data: Buffer, port: number, host: string) => void sent.push({ data, port, host }),
    }
    const transportOfPair = { type: 'udp', closed: false, socket }
    const pair = {
      remoteAddr: PEER as readonly [string, number],
      protocol: { type: 'stun', transport: transportOfPair },
    }
    const connection = {
      consents: true,
      nominated: pair as object | undefined,
      canSendApplicationData() {
        return this.consents && this.nominated !== undefined
      },
      send: async (data: Buffer) => void relayed.push(data),
    }
    const session = sessionOf(AEAD_AES_128_GCM, 12)
    const transport = {
      state: 'connected',
      srtp: session as Session | undefined,
      iceTransport: { connection },
      sendRtp: async () => 0,
    }
    let next = 100
    const path = openPacketPath(transport, EXTENSION)
    const send = () => path.send(fields(next++))
    return { sent, relayed, socket, pair, connection, transport, session, path, send }
  }

  it('is the socket of the pair that is selected, whichever that is at the moment', () => {
    const { sent, send, connection, pair } = open()
    send()
    const elsewhere: unknown[] = []
    const socket = { send: (_: Buffer, port: number, host: string) => void elsewhere.push([host, port]) }
    const protocol = { type: 'stun', transport: { ...pair.protocol.transport, socket } }
    connection.nominated = { remoteAddr: ['2001:db8::1', 9], protocol }
    send()
    assert.deepEqual(
      sent.map(({ host, port }) => [host, port]),
      [[...PEER]],
    )
    assert.deepEqual(elsewhere, [['2001:db8::1', 9]])
  })

  it('carries nothing before the proof, or after', () => {
    const { sent, relayed, send, transport } = open()
    for (const state of ['new', 'connecting', 'closed', 'failed']) {
      transport.state = state
      send()
    }
    transport.state = 'connected'
    const { srtp } = transport
    transport.srtp = undefined
    send()
    assert.equal(sent.length + relayed.length, 0)
    transport.srtp = srtp
    send()
    assert.equal(sent.length, 1)
  })

  it('carries nothing to a peer that does not consent any more, or to a socket that is closed', () => {
    const { sent, relayed, send, connection, pair } = open()
    connection.consents = false
    send()
    connection.consents = true
    connection.nominated = undefined
    send()
    connection.nominated = pair
    pair.protocol.transport.closed = true
    send()
    assert.equal(sent.length + relayed.length, 0)
  })

  it('leaves a relay, TCP and names to werift', () => {
    const { sent, relayed, send, connection, pair } = open()
    for (const other of [
      { ...pair, protocol: { type: 'turn', turn: {} } },
      { ...pair, protocol: { type: 'stun', transport: { ...pair.protocol.transport, type: 'tcp' } } },
      { ...pair, remoteAddr: ['viewer.example', 1] },
    ]) {
      connection.nominated = other
      send()
    }
    assert.deepEqual([sent.length, relayed.length], [0, 3])
  })

  it('gives each packet memory of its own, to sockets and to werift', () => {
    const { sent, relayed, send, connection, pair } = open()
    for (let i = 0; i < 3; i++) send()
    connection.nominated = { ...pair, protocol: { type: 'turn', turn: {} } }
    for (let i = 0; i < 3; i++) send()
    const numbers = [...sent.map(({ data }) => data), ...relayed].map(data => data.readUInt16BE(2))
    assert.deepEqual(numbers, [100, 101, 102, 103, 104, 105])
  })

  it('survives a socket that throws', () => {
    const { send, socket, sent } = open()
    const { send: whole } = socket
    socket.send = () => {
      throw new Error('not running')
    }
    send()
    socket.send = whole
    send()
    assert.equal(sent.length, 1)
  })

  it('is the only one: werift writes under these keys no more', () => {
    const { send, transport, session } = open()
    send()
    assert.throws(() => void transport.sendRtp(), /one way only/)
    assert.throws(() => session.encrypt(Buffer.alloc(1), {}), /one way only/)
  })

  it('ends where a number would be used again', () => {
    const { path, sent } = open()
    path.send(fields(5))
    assert.throws(() => path.send(fields(5)), /one another/)
    path.send(fields(6))
    assert.equal(sent.length, 1)
  })
})
