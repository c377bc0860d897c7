import { AV_CODEC_ID_H264, AV_PKT_DATA_NEW_EXTRADATA } from 'node-av/constants'
import type { Frame, Packet, Stream } from 'node-av/lib'
import { accessUnits } from './access-unit.ts'
import { createDecodeQueue } from './decode-queue.ts'
import { openDecoder } from './decoder.ts'
import { createGroupCache } from './group-cache.ts'
import type { Obstacle } from './h264-playable.ts'
import { createLoadMeter } from './load-meter.ts'
import type { Output } from './output.ts'
import type { Hooks } from './play-input.ts'
import { createRateMeter } from './rate-meter.ts'
import { SourceFault } from './source-status.ts'

const CLOCK = 90_000
const MAX_LAG_MS = 700
/** A viewer of a stream that is passed through waits for its next key frame, or is sent all since the last: no more. */
const LONG_GROUP = 10 * CLOCK
/** A stream that has sent other places to begin at for so long, and no IDR picture, has none. */
const STEPWISE = 2 * CLOCK
const WAITING_EVERY_MS = 1000
const MAX_WAITING_MS = 60_000

/** Passes H.264 through while browsers can play it; decodes when they cannot, or when a viewer needs something else. */
export function createPassage(
  stream: Stream,
  output: Output,
  { onMode, onRate, onBehind, onWaiting }: Pick<Hooks, 'onMode' | 'onRate' | 'onBehind' | 'onWaiting'>,
) {
  const h264 = stream.codecpar.codecId === AV_CODEC_ID_H264
  const unitOf = accessUnits(stream.codecpar.extradata)
  const cache = createGroupCache()
  const late = lagMeter()
  const meter = createRateMeter()
  let patience = waitingTime(onWaiting)
  const fps =
    stream.avgFrameRate.num > 0 ? Math.min(60, stream.avgFrameRate.num / stream.avgFrameRate.den) : 25
  let told: { obstacle: Obstacle | undefined } | undefined
  let rareKeys = false
  let started = false
  let firstTicks: number | undefined
  let keyTicks = 0
  const encode = async (picture: Frame, ticks: number) => {
    if (!late(ticks)) await output.picture(picture, ticks, fps, !told?.obstacle)
  }
  const decoding = createDecodeQueue(
    () => openDecoder(stream),
    encode,
    output.close,
    createLoadMeter(onBehind),
  )

  const obstacleNow = (inStream: Obstacle | undefined): Obstacle | undefined => {
    if (!h264) return 'codec'
    if (inStream) return inStream
    if (stream.codecpar.videoDelay > 0) return 'b_frames'
    return rareKeys ? 'rare_keys' : undefined
  }
  const decide = (inStream: Obstacle | undefined, known: boolean) => {
    const obstacle = obstacleNow(inStream)
    if (told && told.obstacle === obstacle) return obstacle
    // Before the first SPS nothing is known to be playable.
    if (obstacle || known) {
      told = { obstacle }
      onMode(obstacle)
    }
    return obstacle
  }
  const decode = (packet: Packet, key: boolean) => {
    if (!decoding.isOpen())
      for (const earlier of key ? [] : cache.packets()) decoding.push(earlier.clone(), false, false)
    decoding.push(packet.clone(), key)
  }
  const unitIn = (packet: Packet) => {
    if (!h264 || !packet.data) return undefined
    const header = packet.getSideData(AV_PKT_DATA_NEW_EXTRADATA)
    if (header) unitOf.restart(header)
    return unitOf(packet.data)
  }
  /** True for a packet that decoding may begin with; streams that refresh step by step have no better one. */
  const begins = (packet: Packet, idr: boolean | undefined, ticks: number): boolean => {
    const key = idr ?? packet.isKeyframe
    firstTicks ??= ticks
    if (key) keyTicks = ticks
    else if (started) rareKeys ||= ticks - keyTicks > LONG_GROUP || cache.isFull()
    else rareKeys ||= packet.isKeyframe && ticks - firstTicks > STEPWISE
    return key || (rareKeys && packet.isKeyframe)
  }
  return {
    /** What follows begins anew. */
    flush: () => {
      decoding.flush()
      cache.clear()
      started = false
      firstTicks = undefined
      patience = waitingTime(onWaiting)
    },
    close: decoding.close,
    packet: (packet: Packet, ticks: number) => {
      const unit = unitIn(packet)
      if (unit?.key && !unit.described) throw new SourceFault('no_parameters')
      const key = begins(packet, unit?.key, ticks)
      const obstacle = decide(unit?.obstacle, unit?.playable === true)
      started ||= key
      if (!started) return patience()
      if (!obstacle && unit?.playable && unit.data.length > 0) {
        if (meter.add(unit.data.length, key)) onRate(meter.rate() ?? 0)
        output.passThrough(key, ticks, unit.data)
      }
      // A decoder that is closed in a group too long to be kept could not begin again.
      if (output.needsPictures(!obstacle) || (rareKeys && decoding.isOpen())) decode(packet, key)
      else decoding.close()
      cache.push(packet, key)
    },
  }
}

/** Says now and then that nothing can begin yet, and gives up after a while. */
function waitingTime(onWaiting: () => void) {
  let since: number | undefined
  let saidAt = 0
  return () => {
    const now = performance.now()
    since ??= now
    if (now - since > MAX_WAITING_MS) throw new SourceFault('no_key')
    if (now - Math.max(saidAt, since) < WAITING_EVERY_MS) return
    saidAt = now
    onWaiting()
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
