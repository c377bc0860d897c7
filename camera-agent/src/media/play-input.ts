import { setTimeout as sleep } from 'node:timers/promises'
import { AV_NOPTS_VALUE, AVERROR_EOF, AVSEEK_FLAG_BACKWARD, AVSEEK_FLAG_BYTE } from 'node-av/constants'
import { FFmpegError, Packet } from 'node-av/lib'
import type { Obstacle } from './h264-playable.ts'
import type { Input } from './input.ts'
import type { Output } from './output.ts'
import { createPassage } from './passage.ts'
import type { SoundOutput } from './sound-output.ts'
import { createSoundTrack } from './sound-track.ts'
import { SourceFault } from './source-status.ts'

/** Ticks start here, so that no reordered picture lies before zero. */
const BASE = 90_000
const CLOCK = 90_000
/** Containers without an index of times: a seek by time may end up in the middle of a group. */
const BY_BYTE = new Set(['mpegts', 'mpeg', 'h264', 'hevc'])
/** Sound that goes on for longer than this after the last picture belongs to none: 2 s. */
const SOUND_AFTER = 2 * CLOCK

export type Hooks = {
  onMode(obstacle?: Obstacle): void
  /** Packets come, and none that a picture can begin with. */
  onWaiting(): void
  /** Bits per second of the source as it is. */
  onRate(bps: number): void
  /** Lines of its pictures. */
  onHeight(lines: number): void
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
  const passage = createPassage(input.stream, output, hooks)
  const track = input.sound && createSoundTrack(input.sound, hooks.sound)
  if (!track) hooks.sound.tell('none')
  const start = performance.now()
  hooks.onHeight(stream.codecpar.height)
  let read = 0
  while (!hooks.closing()) {
    const result = await format.readFrame(packet)
    if (result === AVERROR_EOF && looped && read > 0) {
      read = 0
      await rewind(input)
      toTicks.loop()
      passage.flush()
      track?.flush()
    } else if (result < 0)
      throw new SourceFault(/timed out/i.test(FFmpegError.strerror(result)) ? 'timeout' : 'ended')
    else if (packet.streamIndex === stream.index) {
      read++
      const { ticks, due } = toTicks.next(packet)
      if (looped) await sleep(Math.max(0, start + (due - BASE) / (CLOCK / 1000) - performance.now()))
      packet.pts = BigInt(ticks)
      packet.dts = AV_NOPTS_VALUE
      passage.packet(packet, ticks)
    } else if (track && packet.streamIndex === track.index) {
      const ticks = toTicks.sound(packet, track.timeBase)
      if (ticks !== undefined)
        track.packet(packet, ticks, looped ? start + (ticks - BASE) / (CLOCK / 1000) : 0)
    }
    packet.unref()
  }
  track?.close()
  passage.close()
  await format.closeInput()
}

async function rewind({ format, stream }: Input) {
  if (BY_BYTE.has(format.iformat?.name ?? '')) {
    if ((await format.seekFrame(-1, 0n, AVSEEK_FLAG_BYTE)) < 0) throw new SourceFault('ended')
    return
  }
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
