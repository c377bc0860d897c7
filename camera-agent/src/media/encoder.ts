import {
  AV_CODEC_ID_H264,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  FF_ENCODER_LIBVPX_VP8,
  FF_ENCODER_LIBVPX_VP9,
  FF_ENCODER_LIBX264,
  type FFVideoEncoder,
} from 'node-av/constants'
import { Codec as AvCodec, CodecContext, Dictionary, type Frame, Packet, Rational } from 'node-av/lib'
import { createEncoderClock } from './encoder-clock.ts'
import type { Hardware } from './hardware-names.ts'
import { HARDWARE_OPTIONS, openSurface, type Surface } from './hardware-surface.ts'
import type { Encoding } from './media-frame.ts'
import { SourceFault } from './source-status.ts'
import { TIER_LIMITS } from './tier.ts'

export type Encoder = {
  /** Encodes one yuv420p picture of the encoder's size at `ticks` (90 kHz). */
  encode(picture: Frame, ticks: number): Promise<void>
  /** The next picture will be a key frame. */
  forceKey(): void
  /** Bits per second from the next picture on. */
  setRate(bps: number): void
  close(): void
}

export type EncoderSize = { width: number; height: number; fps: number }
export type Emit = (encoding: Encoding, key: boolean, ticks: number, data: Buffer) => void

const CLOCK = new Rational(1, 90_000)
const NAMES = { h264: FF_ENCODER_LIBX264, vp8: FF_ENCODER_LIBVPX_VP8, vp9: FF_ENCODER_LIBVPX_VP9 }
/** A picture this many times its pixels in bits per second looks no better with more. */
const BITS_PER_PIXEL = 3.7
const LEAST_CAP = 300_000
/** libvpx and most hardware take their rate at opening only: they are opened anew for a change that matters, upwards not too often. */
const REOPEN_CHANGE = 0.15
const REOPEN_UP_MS = 3000
/** A key frame is made when this many times its interval has gone by without one. */
const KEY_LATE = 1.5

const OPTIONS = {
  h264: {
    preset: 'veryfast',
    tune: 'zerolatency',
    profile: 'baseline',
    'forced-idr': '1',
    qmin: '16',
    threads: '1',
    'x264-params': 'annexb=1:repeat-headers=1:scenecut=0:sliced-threads=0',
  },
  vp8: {
    deadline: 'realtime',
    'cpu-used': '8',
    'lag-in-frames': '0',
    'error-resilient': '0',
    qmin: '4',
    qmax: '60',
    threads: '1',
  },
  vp9: {
    deadline: 'realtime',
    'cpu-used': '8',
    'lag-in-frames': '0',
    'auto-alt-ref': '0',
    qmin: '4',
    qmax: '60',
    threads: '1',
  },
}

export async function openEncoder(
  encoding: Encoding,
  size: EncoderSize,
  bps: number,
  emit: Emit,
  hardware?: Hardware,
): Promise<Encoder> {
  const packet = new Packet()
  packet.alloc()
  const surface = hardware && openSurface(hardware, size)
  const open = (rate: number) =>
    openContext(encoding, size, rate, hardware && surface && { name: hardware, surface })
  let context = await open(bps).catch(error => {
    packet.free()
    surface?.close()
    throw error
  })
  let openedAt = performance.now()
  let rate = bps
  let wanted = bps
  let force = true
  /** The encoder counts pictures between key frames; a source that slows down would make them rare. */
  let keyAt = Number.NEGATIVE_INFINITY
  const clock = createEncoderClock(Math.round(CLOCK.den / size.fps))
  const most = groupSeconds(encoding) * KEY_LATE * CLOCK.den
  const retune = async () => {
    if (wanted === rate) return
    if (encoding.codec === 'h264' && !hardware) setRate(context, encoding, size, wanted)
    else {
      const change = wanted / rate - 1
      const soon = change > 0 && performance.now() - openedAt < REOPEN_UP_MS
      if (Math.abs(change) < REOPEN_CHANGE || soon) return
      context.freeContext()
      context = await open(wanted)
      openedAt = performance.now()
    }
    rate = wanted
  }
  return {
    encode: async (picture, ticks) => {
      await retune()
      const input = surface ? await surface.put(picture) : picture
      const at = clock.put(ticks)
      input.pts = BigInt(at)
      if (most > 0 && at - keyAt > most) force = true
      input.pictType = force ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
      force = false
      if ((await context.sendFrame(input)) < 0) throw new SourceFault('unsupported')
      while ((await context.receivePacket(packet)) >= 0) {
        const pts = Number(packet.pts)
        if (packet.isKeyframe) keyAt = pts
        if (packet.data) emit(encoding, packet.isKeyframe, clock.ticksAt(pts), packet.data)
        packet.unref()
      }
    },
    forceKey: () => {
      force = true
    },
    setRate: next => {
      wanted = next
    },
    close: () => {
      packet.free()
      context.freeContext()
      surface?.close()
    },
  }
}

async function openContext(
  encoding: Encoding,
  size: EncoderSize,
  bps: number,
  hardware?: { name: Hardware; surface: Surface },
): Promise<CodecContext> {
  const { codec, tier } = encoding
  const { width, height, fps } = size
  const encoder = AvCodec.findEncoderByName((hardware?.name ?? NAMES[codec]) as FFVideoEncoder)
  if (!encoder) throw new SourceFault('unsupported')
  const context = new CodecContext()
  context.allocContext3(encoder)
  context.width = width
  context.height = height
  context.timeBase = CLOCK
  context.framerate = new Rational(Math.round(fps * 4), 4)
  context.pixelFormat = AV_PIX_FMT_YUV420P
  hardware?.surface.apply(context)
  context.gopSize = Math.max(1, Math.round(fps * groupSeconds(encoding)))
  context.maxBFrames = 0
  if (context.codecId === AV_CODEC_ID_H264) {
    context.colorRange = AVCOL_RANGE_MPEG
    context.colorSpace = AVCOL_SPC_BT709
  }
  setRate(context, encoding, size, bps)
  const own = hardware ? HARDWARE_OPTIONS[hardware.name] : OPTIONS[codec]
  const options = { ...own, ...(codec === 'h264' ? {} : keyFrameLimit(fps, tier)) }
  if ((await context.open2(encoder, Dictionary.fromObject(options))) < 0) throw new SourceFault('unsupported')
  return context
}

/** libvpx spends more on a key frame than it shows: its groups of the full size are twice as long. */
function groupSeconds({ codec, tier }: Encoding): number {
  return TIER_LIMITS[tier].gopSeconds * (codec !== 'h264' && tier === 'source' ? 2 : 1)
}

/** Constant rate: what is sent stays within the link's share, key frames too. Takes effect in a running x264. */
function setRate(context: CodecContext, { codec, tier }: Encoding, size: EncoderSize, bps: number) {
  const cap = Math.max(LEAST_CAP, size.width * size.height * BITS_PER_PIXEL)
  const rate = Math.min(bps, cap)
  context.bitRate = BigInt(Math.round(rate))
  context.rcMaxRate = BigInt(Math.round(rate))
  if (codec !== 'h264') context.rcMinRate = BigInt(Math.round(rate))
  context.rcBufferSize = Math.round(rate * TIER_LIMITS[tier].bufferSeconds)
}

/** For libvpx the largest key frame is a percentage of what one picture may take on average. */
function keyFrameLimit(fps: number, tier: Encoding['tier']): { 'max-intra-rate': string } {
  return { 'max-intra-rate': String(Math.max(100, Math.round(fps * TIER_LIMITS[tier].bufferSeconds * 80))) }
}
