import assert from 'node:assert/strict'
import { type DtlsTransport, srtpAuthenticationError } from '@ownsight/camera-agent/rtc/guard/internals'
import { rejectReplays } from '@ownsight/camera-agent/rtc/guard/srtp-replay'
import { GuardError } from '@ownsight/camera-agent/rtc/guard-error'

const GCM = 7
const CM = 1

/** A transport whose packets decrypt to themselves, but for those that begin with 0xff. */
function transport(profile = GCM) {
  const decrypt = (packet: Buffer): Buffer => {
    if (packet[0] === 0xff) throw new Error('forged')
    return packet
  }
  const made = { dtls: { srtp: { srtpProfile: profile } }, srtp: { decrypt }, srtcp: { decrypt } }
  rejectReplays(made as unknown as DtlsTransport)
  return made
}

function rtp(sequence: number, source = 1, first = 0x80): Buffer {
  const packet = Buffer.alloc(12)
  packet.writeUInt8(first)
  packet.writeUInt16BE(sequence % 0x10000, 2)
  packet.writeUInt32BE(source, 8)
  return packet
}

function rtcp(index: number, tag: number, source = 1): Buffer {
  const packet = Buffer.alloc(8 + 4 + tag, 0xaa)
  packet.writeUInt32BE(source, 4)
  packet.writeUInt32BE(index, 8)
  return packet
}

const refused = (work: () => unknown, why: RegExp): void =>
  assert.throws(work, error => error instanceof srtpAuthenticationError() && why.test(error.message))

describe('SRTP packets count once', () => {
  it('a copy is refused, of each source by itself', () => {
    const { srtp } = transport()
    const packet = rtp(7)
    assert.equal(srtp.decrypt(packet), packet)
    refused(() => srtp.decrypt(rtp(7)), /copy/)
    srtp.decrypt(rtp(7, 2))
    refused(() => srtp.decrypt(rtp(7, 2)), /copy/)
  })

  it('a late one passes once, one more than 63 behind never', () => {
    const { srtp } = transport()
    srtp.decrypt(rtp(200))
    srtp.decrypt(rtp(200 - 63))
    refused(() => srtp.decrypt(rtp(200 - 63)), /copy/)
    refused(() => srtp.decrypt(rtp(200 - 64)), /copy/)
    srtp.decrypt(rtp(264))
    refused(() => srtp.decrypt(rtp(200)), /copy/)
  })

  it('the numbers go round: what comes after 65535 is new, what came before it is not', () => {
    const { srtp } = transport()
    srtp.decrypt(rtp(65_534))
    srtp.decrypt(rtp(0))
    srtp.decrypt(rtp(65_535))
    for (const again of [65_534, 65_535, 0]) refused(() => srtp.decrypt(rtp(again)), /copy/)
    for (let at = 1; at < 0x10000; at += 0x7000) srtp.decrypt(rtp(at))
    srtp.decrypt(rtp(65_534))
    srtp.decrypt(rtp(0))
  })

  it('a number in the first half turn is ahead, one in the second is behind', () => {
    const ahead = transport().srtp
    ahead.decrypt(rtp(100))
    ahead.decrypt(rtp(100 + 0x7fff))
    const late = transport().srtp
    late.decrypt(rtp(100))
    late.decrypt(rtp(100 - 63))
    late.decrypt(rtp(100 + 0x7fff))
    const behind = transport().srtp
    behind.decrypt(rtp(100))
    refused(() => behind.decrypt(rtp(100 + 0x8000)), /copy/)
    const first = transport().srtp
    first.decrypt(rtp(3))
    first.decrypt(rtp(65_530))
    refused(() => first.decrypt(rtp(65_530)), /copy/)
    refused(() => first.decrypt(rtp(3)), /copy/)
  })

  it('a forged one leaves no mark', () => {
    const { srtp } = transport()
    refused(() => srtp.decrypt(rtp(9, 1, 0xff)), /forged/)
    srtp.decrypt(rtp(9))
    assert.throws(() => srtp.decrypt(rtp(2000, 1, 0xff)), /forged/)
    srtp.decrypt(rtp(10))
    for (let source = 100; source < 200; source++)
      assert.throws(() => srtp.decrypt(rtp(1, source, 0xff)), /forged/)
    srtp.decrypt(rtp(1, 50))
  })

  it('there are sixteen sources, and those stay', () => {
    const { srtp } = transport()
    for (let source = 1; source <= 16; source++) srtp.decrypt(rtp(1, source))
    refused(() => srtp.decrypt(rtp(1, 17)), /sources/)
    srtp.decrypt(rtp(2, 16))
  })

  it('one without a whole header is refused', () => {
    const { srtp, srtcp } = transport()
    refused(() => srtp.decrypt(rtp(1).subarray(0, 11)), /short/)
    srtp.decrypt(rtp(1))
    refused(() => srtcp.decrypt(rtcp(1, 0).subarray(0, 11)), /short/)
    srtcp.decrypt(rtcp(1, 0))
    const { srtcp: counter } = transport(CM)
    refused(() => counter.decrypt(rtcp(1, 10).subarray(0, 21)), /short/)
    counter.decrypt(rtcp(1, 10))
  })
})

describe('SRTCP packets count once', () => {
  for (const [name, profile, tag] of [
    ['AES-GCM', GCM, 0],
    ['AES-CM', CM, 10],
  ] as const)
    it(`by the index behind the packet, whatever the flag before it says: ${name}`, () => {
      const { srtcp } = transport(profile)
      srtcp.decrypt(rtcp(5, tag))
      refused(() => srtcp.decrypt(rtcp(5, tag)), /copy/)
      refused(() => srtcp.decrypt(rtcp(0x80000005, tag)), /copy/)
      srtcp.decrypt(rtcp(6, tag))
      srtcp.decrypt(rtcp(5, tag, 2))
      srtcp.decrypt(rtcp(0x7fffffff, tag))
    })

  it('sessions of another shape stop the agent', () => {
    const good = { decrypt: (packet: Buffer) => packet }
    for (const broken of [
      { srtp: good },
      { srtcp: good },
      { srtp: {}, srtcp: good },
      { srtp: good, srtcp: {} },
    ])
      assert.throws(
        () => rejectReplays(broken as unknown as DtlsTransport),
        error => error instanceof GuardError && error.code === 'shape' && /decrypt/.test(error.message),
      )
  })
})
