import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Chance, chance, mutatePacket, noise } from '../bench/input/chance.ts'

/**
 * Loaded before the headless viewer: says on demand, under the session's own keys, what no honest peer says. What is
 * sent has passed every proof: DTLS opens it, SRTP authenticates it, SCTP's checksum is right.
 */
export type ToInside = { do: 'inside'; kind: 'sctp' | 'rtp' | 'rtcp'; count: number; seed: number }
export type FromInside = { is: 'said'; count: number }

type Transport = {
  start(): Promise<void>
  sendData(data: Buffer): Promise<void>
  srtp: { encrypt(payload: Buffer, header: object): Buffer }
  srtcp: { encrypt(packet: Buffer): Buffer }
  iceTransport: { connection: { send(data: Buffer): Promise<void> } }
}
const { RTCDtlsTransport, RtpHeader } = createRequire(import.meta.url)('werift') as {
  RTCDtlsTransport: { prototype: Transport }
  RtpHeader: new (header: object) => object
}

let transport: Transport | undefined
const kept: Buffer[] = []
const KEPT_MAX = 60

const { start } = RTCDtlsTransport.prototype
RTCDtlsTransport.prototype.start = function tapped(this: Transport) {
  transport = this
  const { sendData } = this
  this.sendData = async data => {
    if (kept.length < KEPT_MAX) kept.push(Buffer.from(data))
    return sendData(data)
  }
  return start.call(this)
}

/** CRC32c, bit by bit (RFC 9260 appendix A): the sender has time. */
function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) {
    crc ^= byte
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** Found to end the process that hears them, or to stop it for seconds: said first, whatever the seed. */
const FOUND = [
  // a chunk, and a parameter, that say they have no length
  ...['00030000', '040000080001000000'],
  // a type that nobody knows, and one of which half is missing
  ...['3f000008ffffffff', '0003000800000000'],
  // as many gaps as there can be, each over all that was ever sent
  `03000${(16 + 4 * 280).toString(16)}000000000000ffff01180000${'0001ffff'.repeat(280)}`,
].map(hex => Buffer.from(hex, 'hex'))

/** Chunks of any type behind a true common header: lengths, streams, sequence numbers, parameters as they come. */
function sctp(by: Chance, i: number): Buffer {
  const real = by.pick(kept)
  const common = real.subarray(0, 12)
  const chunks = FOUND[i] ?? (by.below(3) > 0 ? mutatePacket([real.subarray(12)], by) : chunk(by))
  const packet = Buffer.concat([common, chunks])
  packet.writeUInt32LE(0, 8)
  packet.writeUInt32LE(crc32c(packet), 8)
  return packet
}

function chunk(by: Chance): Buffer {
  const body = noise(by.below(60), by)
  const head = Buffer.from([
    by.pick([0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 14, 130, 192, by.below(256)]),
    by.below(256),
    0,
    0,
  ])
  head.writeUInt16BE(by.below(4) > 0 ? body.length + 4 : by.below(65_536), 2)
  return Buffer.concat([head, body, by.below(3) > 0 ? Buffer.alloc(0) : chunk(by)])
}

const RTCP_TYPES = [200, 201, 202, 203, 204, 205, 206, 207]

/** Parts of any type with any counts and lengths; the first is nearly always one there is. */
function rtcp(by: Chance): Buffer {
  const body = noise(4 * (1 + by.below(20)), by)
  const head = Buffer.from([0x80 | by.below(64), by.below(6) > 0 ? by.pick(RTCP_TYPES) : by.below(256), 0, 0])
  head.writeUInt16BE(by.below(4) > 0 ? body.length / 4 : by.below(65_536), 2)
  const part = Buffer.concat([head, body])
  return by.below(3) > 0 ? part : Buffer.concat([part, rtcp(by)])
}

function rtpHeader(by: Chance): object {
  const extensions = Array.from({ length: by.below(4) }, () => ({
    id: by.below(16),
    payload: noise(1 + by.below(16), by),
  }))
  return new RtpHeader({
    version: 2,
    padding: by.below(3) === 0,
    paddingSize: by.below(256),
    payloadType: by.below(128),
    marker: by.below(2) === 0,
    sequenceNumber: by.below(65_536),
    timestamp: by.below(2 ** 32),
    ssrc: by.below(4),
    csrc: [],
    extension: extensions.length > 0,
    extensionProfile: by.pick([0xbede, 0x1000]),
    extensions,
    payloadOffset: 12,
  })
}

async function say({ kind, count, seed }: ToInside): Promise<number> {
  const by = chance(seed)
  let said = 0
  for (let i = 0; i < count && transport; i++) {
    try {
      if (kind === 'sctp') await transport.sendData(sctp(by, i))
      else {
        const { srtp, srtcp, iceTransport } = transport
        const packet =
          kind === 'rtp' ? srtp.encrypt(noise(by.below(300), by), rtpHeader(by)) : srtcp.encrypt(rtcp(by))
        await iceTransport.connection.send(packet)
      }
      said++
    } catch {
      // What this end cannot even write is nothing to send.
    }
    if (i % 20 === 0) await sleep(1)
  }
  return said
}

process.on('message', (message: ToInside) => {
  if (message.do !== 'inside') return
  void say(message).then(count => process.send?.({ is: 'said', count } satisfies FromInside))
})
