import { setTimeout as sleep } from 'node:timers/promises'
import { AV_CODEC_ID_H264, AV_NOPTS_VALUE, AVERROR_EOF, AVSEEK_FLAG_BACKWARD } from 'node-av/constants'
import { FFmpegError, type Frame, Packet } from 'node-av/lib'
import { accessUnits } from './access-unit.ts'
import { createDecodeQueue } from './decode-queue.ts'
import { openDecoder } from './decoder.ts'
import type { Input } from './input.ts'
import { createLoadMeter } from './load-meter.ts'
import type { Output } from './output.ts'
import { createRateMeter } from './rate-meter.ts'
import type { SoundOutput } from './sound-output.ts'
import { createSoundTrack } from './sound-track.ts'
import { SourceFault } from './source-status.ts'

/** Ticks start here, so that no reordered picture lies before zero. */
const BASE = 90_000
const CLOCK = 90_000
const MAX_CACHED = 300
const MAX_LAG_MS = 700
/** Sound that goes on for longer than this after the last picture belongs to none: 2 s. */
const SOUND_AFTER = 2 * CLOCK

export type Hooks = {
  onMode(transcoding: boolean): void
  /** Bits per second of the source as it is. */
  onRate(bps: number): void
  /** Decoding and encoding take more time than there is. */
  onBehind(): void
  closing(): boolean
  sound: SoundOutput
}

/** Reads packets and hands them on until the source ends; a file begins again, its ticks going on. */
export async function playInput(input: Input, output: Output, hooks: Hooks): Promise<void> {
  const { format, stream, looped } = input
  const packet = new Packet()
  packet.alloc()
  const toTicks = tickCounter(stream.timeBase)
  const route = createRoute(input, output, hooks)
  const track = input.sound && createSoundTrack(input.sound, hooks.sound)
  if (!track) hooks.sound.tell('none')
  const start = performance.now()
  let read = 0
  while (!hooks.closing()) {
    const result = await format.readFrame(packet)
    if (result === AVERROR_EOF && looped && read > 0) {
      read = 0
      await rewind(input)
      toTicks.loop()
      route.flush()
      track?.flush()
    } else if (result < 0)
      throw new SourceFault(/timed out/i.test(FFmpegError.strerror(result)) ? 'timeout' : 'ended')
    else if (packet.streamIndex === stream.index) {
      read++
      const { ticks, due } = toTicks.next(packet)
      if (looped) await sleep(Math.max(0, start + (due - BASE) / (CLOCK / 1000) - performance.now()))
      packet.pts = BigInt(ticks)
      packet.dts = AV_NOPTS_VALUE
      route.packet(packet, ticks)
    } else if (track && packet.streamIndex === track.index) {
      const ticks = toTicks.sound(packet, track.timeBase)
      if (ticks !== undefined)
        track.packet(packet, ticks, looped ? start + (ticks - BASE) / (CLOCK / 1000) : 0)
    }
    packet.unref()
  }
  track?.close()
  route.close()
  await format.closeInput()
}

async function rewind({ format, stream }: Input) {
  const start = stream.startTime === AV_NOPTS_VALUE ? 0n : stream.startTime
  if ((await format.seekFrame(stream.index, start, AVSEEK_FLAG_BACKWARD)) < 0) throw new SourceFault('ended')
}

function tickCounter(timeBase: { num: number; den: number }) {
  const unit = (CLOCK * timeBase.num) / timeBase.den
  let first: bigint | undefined
  let base = BASE
  let end = BASE
  let step = 3000
  return {
    loop: () => {
      first = undefined
    },
    /** On the line of the pictures; undefined before the first of them, and long after the last. */
    sound: (packet: Packet, { num, den }: { num: number; den: number }): number | undefined => {
      const pts = packet.pts === AV_NOPTS_VALUE ? packet.dts : packet.pts
      if (first === undefined || pts === AV_NOPTS_VALUE) return undefined
      const ticks = Math.round(base + (Number(pts) * CLOCK * num) / den - Number(first) * unit)
      return ticks < 0 || ticks > end + SOUND_AFTER ? undefined : ticks
    },
    next: (packet: Packet) => {
      const dts = packet.dts === AV_NOPTS_VALUE ? packet.pts : packet.dts
      const pts = packet.pts === AV_NOPTS_VALUE ? dts : packet.pts
      if (pts === AV_NOPTS_VALUE) {
        end += step
        return { ticks: end - step, due: end - step }
      }
      if (first === undefined) {
        first = dts
        base = end
      }
      const due = Math.max(0, Math.round(base + Number(dts - first) * unit))
      const ticks = Math.max(0, Math.round(base + Number(pts - first) * unit))
      if (packet.duration > 0n) step = Math.round(Number(packet.duration) * unit)
      end = Math.max(end, due + step)
      return { ticks, due }
    },
  }
}

/** Passes H.264 through while browsers can play it; decodes when they cannot, or when a viewer needs VP8. */
function createRoute({ stream }: Input, output: Output, { onMode, onRate, onBehind }: Hooks) {
  const h264 = stream.codecpar.codecId === AV_CODEC_ID_H264
  const unitOf = accessUnits(stream.codecpar.extradata)
  const cache = createCache()
  const late = lagMeter()
  const meter = createRateMeter()
  const fps =
    stream.avgFrameRate.num > 0 ? Math.min(60, stream.avgFrameRate.num / stream.avgFrameRate.den) : 25
  let transcoding: boolean | undefined
  let started = false
  const encode = async (picture: Frame, ticks: number) => {
    if (!late(ticks)) await output.picture(picture, ticks, fps, !transcoding)
  }
  const decoding = createDecodeQueue(
    () => openDecoder(stream),
    encode,
    output.close,
    createLoadMeter(onBehind),
  )

  const decide = (playable: boolean | undefined) => {
    const next = !h264 || playable === false || stream.codecpar.videoDelay > 0
    if (next !== transcoding && (next || playable)) onMode(next)
    transcoding = next
  }
  const decode = (packet: Packet, key: boolean) => {
    if (!decoding.isOpen())
      for (const earlier of key ? [] : cache.packets()) decoding.push(earlier.clone(), false, false)
    decoding.push(packet.clone(), key)
  }
  return {
    flush: decoding.flush,
    close: decoding.close,
    packet: (packet: Packet, ticks: number) => {
      const { data, key, playable } =
        h264 && packet.data ? unitOf(packet.data) : { data: undefined, key: packet.isKeyframe }
      decide(playable)
      started ||= key
      if (!started) return
      if (!transcoding && playable && data && data.length > 0) {
        if (meter.add(data.length, key)) onRate(meter.rate() ?? 0)
        output.passThrough(key, ticks, data)
      }
      if (output.needsPictures(!transcoding)) decode(packet, key)
      else decoding.close()
      cache.push(packet, key)
    },
  }
}

/** The packets since the last key frame: a decoder opened in between begins with them. */
function createCache() {
  let packets: Packet[] = []
  const clear = () => {
    for (const packet of packets) packet.free()
    packets = []
  }
  return {
    packets: () => packets,
    push: (packet: Packet, key: boolean) => {
      if (key || packets.length >= MAX_CACHED) clear()
      if (!key && packets.length === 0) return
      const copy = packet.clone()
      if (copy) packets.push(copy)
    },
  }
}

/** Says when decoding has fallen behind the stream: such a picture is not worth encoding. */
function lagMeter() {
  let best = Number.POSITIVE_INFINITY
  return (ticks: number): boolean => {
    const delay = performance.now() - ticks / (CLOCK / 1000)
    best = Math.min(best, delay)
    return delay - best > MAX_LAG_MS
  }
}
