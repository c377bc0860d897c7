import { cameraTag, verifyMark } from '@ownsight/camera-agent/media/mark'
import { readMark } from '../../support/mark-reader.ts'
import { openDecoder } from '../../support/media-decoder.ts'
import type { Packet } from '../homes/peer.ts'
import type { KnownCamera, Tally } from './messages.ts'

type Codec = 'h264' | 'vp8'
const [STAP_A, FU_A, SPS] = [24, 28, 7]

/** RFC 6184 §5.7 and §5.8; RFC 7741 §4.2: whether an access unit begins here. */
const begins = (codec: Codec, [head = 0, next = 0]: Buffer): boolean =>
  codec === 'vp8' ? (head & 0x17) === 0x10 : (head & 31) !== FU_A || (next & 0x80) !== 0

/** A picture that needs no other: parameter sets come first; RFC 6386 §9.1. */
const isKey = (codec: Codec, payload: Buffer): boolean => {
  const type = (payload[0] ?? 0) & 31
  if (codec === 'vp8') return ((payload[1] ?? 1) & 1) === 0
  return type === SPS || (type === STAP_A && ((payload[3] ?? 0) & 31) === SPS)
}

/** One after another and all of them, from the first to the marker. */
function whole(codec: Codec, packets: readonly Packet[]): Buffer[] | undefined {
  const [first] = packets
  const next = packets.every(({ sequence }, i) => sequence === (((first?.sequence ?? 0) + i) & 0xffff))
  if (!first || !next || !packets.at(-1)?.marker || !begins(codec, first.payload)) return undefined
  return packets.map(({ payload }) => payload)
}

/** Sees what a person would: every picture decoded, and whose mark is in it. */
export function createEyes(codec: Codec, camera: Pick<KnownCamera, 'drawn'>, key: Buffer) {
  const tag = cameraTag(camera.drawn)
  const tally: Tally = { own: 0, foreign: 0, unread: 0 }
  let decoder: ReturnType<typeof openDecoder> | undefined
  let packets: Packet[] = []
  let awaitsKey = true
  let turn: Promise<void> = Promise.resolve()

  async function see(payloads: readonly Buffer[]): Promise<void> {
    decoder ??= openDecoder(codec)
    const picture = await (await decoder).decode(payloads)
    if (!picture) return
    const mark = readMark(picture.rgba, picture.width, picture.height)
    if (!mark) tally.unread++
    else if (mark.camera !== tag || !verifyMark(mark, camera.drawn, key)) tally.foreign++
    else tally.own++
  }
  return {
    tally,
    take(packet: Packet): void {
      if (packet.payload.length === 0) return
      if (packets[0] && packets[0].timestamp !== packet.timestamp) packets = []
      packets.push(packet)
      if (!packet.marker) return
      const payloads = whole(
        codec,
        packets.toSorted((a, b) => ((a.sequence - b.sequence) << 16) >> 16),
      )
      packets = []
      if (!payloads) awaitsKey = true
      else if (!awaitsKey || isKey(codec, payloads[0] as Buffer)) {
        awaitsKey = false
        turn = turn.then(() => see(payloads)).catch(() => void tally.unread++)
      }
    },
    async close(): Promise<void> {
      await turn
      if (decoder) (await decoder).close()
    },
  }
}
