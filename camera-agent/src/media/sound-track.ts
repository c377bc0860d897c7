import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_ADPCM_G722,
  AV_CODEC_ID_ADPCM_G726,
  AV_CODEC_ID_MP2,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_PCM_ALAW,
  AV_CODEC_ID_PCM_MULAW,
} from 'node-av/constants'
import type { Packet, Stream } from 'node-av/lib'
import { opusTicks } from './opus-packet.ts'
import type { SoundKind } from './sound.ts'
import { createSoundBlocks } from './sound-blocks.ts'
import { createSoundClock } from './sound-clock.ts'
import { createSoundConverter } from './sound-converter.ts'
import type { SoundOutput } from './sound-output.ts'

/** 20 ms of G.711: one byte a sample, 8000 a second (RFC 3551 §4.5.14). */
const G711_BYTES = 160
const G711_RATE = 8000
const G711_TICKS = 90_000 / G711_RATE
/** Packets of a file that may wait for their time. */
const MAX_HELD = 400

export type SoundTrack = {
  readonly index: number
  readonly timeBase: { num: number; den: number }
  /** Takes one packet at `ticks`; one that is due later, ms of the process's clock, waits until then. */
  packet(packet: Packet, ticks: number, due: number): void
  /** The source begins again. */
  flush(): void
  close(): void
}

const KINDS: ReadonlyMap<number, SoundKind> = new Map<number, SoundKind>([
  [AV_CODEC_ID_OPUS, 'opus'],
  [AV_CODEC_ID_PCM_MULAW, 'pcmu'],
  [AV_CODEC_ID_PCM_ALAW, 'pcma'],
  [AV_CODEC_ID_AAC, 'aac'],
  [AV_CODEC_ID_MP2, 'mp2'],
  [AV_CODEC_ID_MP3, 'mp3'],
  [AV_CODEC_ID_ADPCM_G722, 'g722'],
  [AV_CODEC_ID_ADPCM_G726, 'g726'],
])

/** What a stream's sound is; one of a known codec in a form that cannot be passed on is `other`. */
function kindOf({ codecpar }: Stream): SoundKind {
  const kind = KINDS.get(codecpar.codecId) ?? 'other'
  const channels = codecpar.channelLayout.nbChannels
  if (kind === 'opus') return channels <= 2 ? kind : 'other'
  if (kind === 'pcmu' || kind === 'pcma')
    return channels === 1 && codecpar.sampleRate === G711_RATE ? kind : 'other'
  return kind
}

/** Passes Opus and G.711 through as they come, and makes Opus of all else, only while somebody listens to it. */
export function createSoundTrack(stream: Stream, output: SoundOutput): SoundTrack {
  const kind = kindOf(stream)
  const clock = createSoundClock()
  const blocks = createSoundBlocks(G711_BYTES, G711_TICKS)
  const converter = createSoundConverter(stream, output, () => output.tell('none'))
  const held = new Set<NodeJS.Timeout>()
  let closed = false
  output.tell(kind)

  const take = (packet: Packet, ticks: number) => {
    const { codecs } = output.want()
    const { data } = packet
    if (kind === 'opus' && data && codecs.includes('opus')) {
      const length = opusTicks(data)
      if (length !== undefined) output.send('opus', Math.round(clock.take(ticks, length)), data)
    } else if ((kind === 'pcmu' || kind === 'pcma') && data && codecs.includes(kind))
      for (const { at, block } of blocks.push(data, ticks)) output.send(kind, at, block)
    if (kind !== 'opus' && codecs.includes('opus')) converter.push(packet, ticks)
    else converter.close()
  }
  const hold = (packet: Packet, ticks: number, ms: number) => {
    const copy = held.size < MAX_HELD ? packet.clone() : null
    if (!copy) return
    const timer = setTimeout(() => {
      held.delete(timer)
      if (!closed) take(copy, ticks)
      copy.free()
    }, ms)
    held.add(timer)
  }
  return {
    index: stream.index,
    timeBase: stream.timeBase,
    packet: (packet, ticks, due) => {
      if (output.want().codecs.length === 0) return converter.close()
      const ahead = due - performance.now()
      if (ahead > 1) hold(packet, ticks, ahead)
      else take(packet, ticks)
    },
    flush: () => {
      clock.reset()
      blocks.reset()
    },
    close: () => {
      closed = true
      converter.close()
    },
  }
}
