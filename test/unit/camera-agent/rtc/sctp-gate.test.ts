import assert from 'node:assert/strict'
import { GuardError } from '@ownsight/camera-agent/rtc/guard-error'
import { gateSctp, isSound, type SctpState } from '@ownsight/camera-agent/rtc/sctp-gate'

const bytes = (...parts: (number | number[] | Buffer)[]): Buffer =>
  Buffer.concat(parts.map(part => (Buffer.isBuffer(part) ? part : Buffer.from([part].flat()))))
const u16 = (value: number): number[] => [value >> 8, value & 255]
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)]

const chunk = (type: number, body: Buffer, options: { flags?: number; length?: number } = {}): Buffer => {
  const { flags = 0, length = body.length + 4 } = options
  return bytes(type, flags, u16(length), body, Buffer.alloc((4 - (body.length % 4)) % 4))
}
const packet = (...chunks: Buffer[]): Buffer => Buffer.concat([Buffer.alloc(12), ...chunks])

const TSN = 1000
const WHOLE = 3
const data = (
  more: { tsn?: number; stream?: number; sequence?: number; flags?: number; text?: string } = {},
) => {
  const { tsn = TSN + 1, stream = 0, sequence = 0, flags = WHOLE, text = 'hello' } = more
  return chunk(0, bytes(u32(tsn), u16(stream), u16(sequence), u32(51), Buffer.from(text)), { flags })
}
const sack = (gaps: [number, number][], duplicates: number[] = [], counts?: [number, number]): Buffer => {
  const [g, d] = counts ?? [gaps.length, duplicates.length]
  return chunk(
    3,
    bytes(u32(TSN), u32(1e6), u16(g), u16(d), gaps.flat().flatMap(u16), duplicates.flatMap(u32)),
  )
}
const parameter = (type: number, body: Buffer, length = body.length + 4): Buffer =>
  bytes(u16(type), u16(length), body)
const state = (parts = 0): SctpState => ({
  lastReceivedTsn: TSN,
  inboundStreams: { 0: { reassembly: Array(parts).fill(0) } },
})

describe('what of SCTP reaches the library', () => {
  const sound: [string, Buffer][] = [
    ['a message', packet(data())],
    ['a message and an acknowledgement', packet(sack([]), data())],
    ['a part of a long message', packet(data({ flags: 2, sequence: 9 }))],
    ['a copy', packet(data({ tsn: TSN - 5 }))],
    ['one that came too soon', packet(data({ tsn: TSN + 256 }))],
    ['another channel being opened', packet(data({ stream: 2 }))],
    [
      'gaps in order, and duplicates',
      packet(
        sack(
          [
            [2, 4],
            [6, 6],
          ],
          [7, 8],
        ),
      ),
    ],
    ['a heartbeat', packet(chunk(4, parameter(1, Buffer.alloc(9))))],
    ['the end', packet(chunk(7, Buffer.from(u32(TSN))))],
    ['an abort without a word', packet(chunk(6, Buffer.alloc(0)))],
    ['the word that the channel is open', packet(chunk(11, Buffer.alloc(0)))],
    ['an answer to the opening', packet(chunk(2, bytes(Buffer.alloc(16), parameter(7, Buffer.alloc(24)))))],
    ['a reset of a channel', packet(chunk(130, parameter(13, bytes(Buffer.alloc(12), u16(0)))))],
    ['a step over what was given up', packet(chunk(192, bytes(u32(TSN + 9), u16(0), u16(3))))],
  ]
  for (const [what, bytesOf] of sound) it(`${what} does`, () => assert.equal(isSound(bytesOf, state()), true))

  const unsound: [string, Buffer][] = [
    ['nothing', Buffer.alloc(12)],
    [
      'a chunk of no length, which the library would read for ever',
      packet(chunk(0, Buffer.alloc(16), { length: 0 })),
    ],
    ['a chunk that ends behind the packet', packet(chunk(4, Buffer.alloc(8), { length: 16 }))],
    ['a chunk nobody knows, at which the library throws', packet(data(), chunk(0x3f, Buffer.alloc(4)))],
    ['an opening, where the camera opens', packet(chunk(1, Buffer.alloc(16)))],
    ['a message without a byte', packet(data({ text: '' }))],
    ['a message half the numbers ahead', packet(data({ tsn: TSN + 257 }))],
    ['a channel number beyond all that open', packet(data({ stream: 1024 }))],
    ['a part of a message of another channel', packet(data({ stream: 2, flags: 2 }))],
    ['a message of another channel that waits for others', packet(data({ stream: 2, sequence: 1 }))],
    ['more gaps than there are', packet(sack([[2, 3]], [], [65_535, 0]))],
    ['more duplicates than there are', packet(sack([], [1], [0, 2]))],
    [
      'gaps over each other, counted again and again',
      packet(
        sack([
          [1, 65_535],
          [1, 65_535],
        ]),
      ),
    ],
    ['a gap backwards', packet(sack([[9, 2]]))],
    ['a parameter of no length', packet(chunk(4, parameter(1, Buffer.alloc(4), 0)))],
    [
      'a parameter that ends behind its chunk',
      packet(chunk(2, bytes(Buffer.alloc(16), parameter(7, Buffer.alloc(4), 40)))),
    ],
    ['a reset of half a channel', packet(chunk(130, parameter(13, Buffer.alloc(13))))],
    ['a reset that says nothing', packet(chunk(130, parameter(16, Buffer.alloc(4))))],
    ['half a step', packet(chunk(192, bytes(u32(TSN + 9), u16(0))))],
  ]
  for (const [what, bytesOf] of unsound)
    it(`${what} does not`, () => assert.equal(isSound(bytesOf, state()), false))

  it('no part of a message once so many wait for its end', () => {
    assert.equal(isSound(packet(data({ flags: 0 })), state(255)), true)
    assert.equal(isSound(packet(data({ flags: 0 })), state(256)), false)
  })

  it('no message before the peer has named its first number, and numbers go round', () => {
    assert.equal(isSound(packet(data()), { inboundStreams: {} }), false)
    const round = { lastReceivedTsn: 0xffffffff, inboundStreams: {} }
    assert.equal(isSound(packet(data({ tsn: 3 })), round), true)
    assert.equal(isSound(packet(data({ tsn: 0xfffffff0 })), round), true)
  })

  it('what still fails inside the library is told, whichever way it came', async () => {
    const transport = { dataReceiver: (_: Buffer) => assert.fail('replaced') }
    const handled: Buffer[] = []
    const channels = {
      sctp: {
        ...state(),
        handleData: async (packetOf: Buffer) => {
          handled.push(packetOf)
          if (handled.length === 2) throw new Error('inside')
        },
        onReceive: { execute: (..._: unknown[]) => undefined },
      },
      datachannelReceive: async () => {
        throw new Error('no such channel')
      },
    }
    let faults = 0
    gateSctp(transport, channels, () => faults++)
    transport.dataReceiver(Buffer.alloc(12))
    transport.dataReceiver(packet(data()))
    await new Promise(setImmediate)
    assert.deepEqual([handled.length, faults], [1, 0])
    transport.dataReceiver(packet(data()))
    await new Promise(setImmediate)
    assert.deepEqual([handled.length, faults], [2, 1])
    channels.sctp.onReceive.execute(4, 50, Buffer.from([2]))
    await new Promise(setImmediate)
    assert.equal(faults, 2)
  })

  it('a library of another shape stops the agent', () => {
    const broken = { sctp: {}, datachannelReceive: async () => undefined }
    assert.throws(
      () => gateSctp({ dataReceiver: () => undefined }, broken, () => undefined),
      (error: unknown) => error instanceof GuardError && error.code === 'shape',
    )
  })
})
