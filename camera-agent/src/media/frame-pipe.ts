import { CODECS, type Encoding } from './media-frame.ts'
import { SOUND_CODECS, type SoundCodec } from './sound.ts'
import { TIERS } from './tier.ts'

/**
 * What the source process tells the agent, over a pipe of its own: `kind (1) | ticks (6) | length (4) | body`.
 * A format this small is checked byte by byte, so that a source process taken over by a hostile stream meets
 * no deserialiser in the agent.
 */
export type PipeRecord =
  | ({ kind: 'frame' } & SourceFrame)
  | ({ kind: 'sound' } & SourceSound)
  | { kind: 'status'; text: string }

/** One access unit of one encoding; `ticks` at 90 kHz of this run of the source, the same for all its encodings. */
export type SourceFrame = Encoding & { key: boolean; ticks: number; data: Buffer }

/** One packet of sound; `ticks` as those of the pictures. */
export type SourceSound = { codec: SoundCodec; ticks: number; data: Buffer }

const HEADER = 11
const STATUS = 0
/** Above zero, the place of the codec in `CODECS`, plus one. */
const CODEC_BITS = 3
const KEY = 4
const TIER_STEP = 8
/** And above it the place of a form of sound in `SOUND_CODECS`: no kind of picture reaches so far. */
const SOUND = 128
/** What fits into one RTP packet: sound is not split. */
export const MAX_SOUND_BYTES = 1200
export const MAX_FRAME_BYTES = 4 * 1024 * 1024
const MAX_STATUS_BYTES = 256

export function encodeFrame(
  { codec, tier }: Encoding,
  key: boolean,
  ticks: number,
  data: Uint8Array,
): Buffer {
  const kind = CODECS.indexOf(codec) + 1 + (key ? KEY : 0) + TIER_STEP * TIERS.indexOf(tier)
  return encode(kind, ticks, data)
}

export const encodeSound = (codec: SoundCodec, ticks: number, data: Uint8Array): Buffer =>
  encode(SOUND + SOUND_CODECS.indexOf(codec), ticks, data)

export const encodeStatus = (text: string): Buffer => encode(STATUS, 0, Buffer.from(text))

function encode(kind: number, ticks: number, data: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(HEADER + data.length)
  out[0] = kind
  out.writeUIntBE(ticks, 1, 6)
  out.writeUInt32BE(data.length, 7)
  out.set(data, HEADER)
  return out
}

/** Feed it chunks as they come; it throws `RangeError` at the first byte that is no record. */
export function pipeParser(onRecord: (record: PipeRecord) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = []
  let size = 0
  return chunk => {
    chunks.push(chunk)
    size += chunk.length
    while (size >= HEADER) {
      if ((chunks[0] as Buffer).length < HEADER) chunks = [Buffer.concat(chunks)]
      const head = chunks[0] as Buffer
      const length = bodyLength(head)
      if (size < HEADER + length) return
      const all = chunks.length > 1 ? Buffer.concat(chunks) : head
      onRecord(record(all, length))
      const rest = all.subarray(HEADER + length)
      chunks = [rest]
      size = rest.length
    }
  }
}

function bodyLength(head: Buffer): number {
  const length = head.readUInt32BE(7)
  if (length > maxBytes(head[0] ?? 0)) throw new RangeError('the source process sent no valid record')
  return length
}

/** Less than nothing for a kind there is not. */
function maxBytes(kind: number): number {
  if (kind === STATUS) return MAX_STATUS_BYTES
  if (kind >= SOUND) return kind < SOUND + SOUND_CODECS.length ? MAX_SOUND_BYTES : -1
  const codec = kind & CODEC_BITS
  const isFrame = codec > 0 && codec <= CODECS.length && kind < TIER_STEP * TIERS.length
  return isFrame ? MAX_FRAME_BYTES : -1
}

function record(bytes: Buffer, length: number): PipeRecord {
  const kind = bytes[0] ?? 0
  const data = bytes.subarray(HEADER, HEADER + length)
  if (kind === STATUS) return { kind: 'status', text: data.toString('latin1') }
  const ticks = bytes.readUIntBE(1, 6)
  if (kind >= SOUND) return { kind: 'sound', codec: SOUND_CODECS[kind - SOUND] ?? 'opus', ticks, data }
  return {
    kind: 'frame',
    codec: CODECS[(kind & CODEC_BITS) - 1] ?? 'h264',
    tier: TIERS[Math.floor(kind / TIER_STEP)] ?? 'source',
    key: (kind & KEY) !== 0,
    ticks,
    data,
  }
}
