import type { Clock } from '@ownsight/camera-agent/rtc/send/clock'
import { createMediaSender, type WirePacket } from '@ownsight/camera-agent/rtc/send/media-sender'
import { dice, type Link, simulatedLink } from './simulated-link.ts'
import { simulatedViewer } from './simulated-viewer.ts'
import { virtualClock } from './virtual-clock.ts'

const OVERHEAD_BYTES = 64
const PAYLOAD_BYTES = 1200
const KEY_FACTOR = 4
const KEY_MS = 10_000

export type SessionOptions = {
  startsAt?: number
  endsAt?: number
  fps?: number
  seed?: number
  /** the encoder never makes less than this, nor more */
  leastBps?: number
  mostBps?: number
  /** the first picture is as large as this, made before anything is known of the link */
  firstBytes?: number
}

/** A camera whose encoder follows the estimate, its viewer, and the link between them. */
export function simulatedSession(clock: Clock, link: Link, back: Link, options: SessionOptions = {}) {
  const {
    startsAt = 0,
    endsAt = Number.POSITIVE_INFINITY,
    fps = 20,
    seed = 7,
    leastBps = 20_000,
    mostBps = 6_000_000,
    firstBytes,
  } = options
  const chance = dice(seed)
  const estimates: { at: number; bps: number }[] = []
  const sizes = new Map<WirePacket, number>()
  let wantsKey = true
  let keyAt = 0
  let keyBps = 0
  let index = 0
  let sent = 0
  let pictures = 0

  const viewer = simulatedViewer(clock, back, events => sender.rtcp(events))
  const sender = createMediaSender({
    clock,
    ssrc: 1,
    hasRtx: true,
    hasFeedback: true,
    firstSequence: { media: 1000, rtx: 1 },
    onKeyframe: () => {
      wantsKey = true
    },
    write(packet) {
      const size = packet.payload.length + OVERHEAD_BYTES
      sent += size
      const copy = { ...packet, index: ++index }
      link.send(size, () => viewer.receive(copy, size))
    },
  })

  function picture(): void {
    if (clock.now() > endsAt) return
    clock.after(1000 / fps, picture)
    const now = clock.now()
    const bps = Math.min(Math.max(sender.bandwidth() * 0.95, leastBps), mostBps)
    // Another size of picture begins with a key frame.
    const resized = firstBytes !== undefined && bps < keyBps / 2
    const key = wantsKey || resized || now - keyAt > KEY_MS
    if (key) keyAt = now
    if (key) keyBps = bps
    wantsKey = false
    const usual = Math.max(60, (bps / fps / 8) * (0.8 + chance() * 0.4) * (key ? KEY_FACTOR : 1))
    const bytes = pictures === 0 && firstBytes ? firstBytes : usual
    const count = Math.ceil(bytes / PAYLOAD_BYTES)
    const payloads = Array.from({ length: count }, () => Buffer.alloc(Math.ceil(bytes / count)))
    pictures++
    sender.picture({ payloads, timestamp: Math.round(now * 90) >>> 0, key })
  }
  function note(): void {
    estimates.push({ at: clock.now(), bps: sender.stats().estimate })
    clock.after(50, note)
  }
  clock.after(startsAt, picture)
  clock.after(startsAt, note)

  return {
    sender,
    shown: viewer.shown,
    sizes,
    estimates,
    sent: () => sent,
    pictures: () => pictures,
    /** longest time without a whole picture, from `from` to `to` */
    stall(from: number, to: number): number {
      let last = from
      let longest = 0
      for (const { at } of viewer.shown) {
        if (at < from) continue
        if (at > to) break
        longest = Math.max(longest, at - last)
        last = at
      }
      return Math.max(longest, to - last)
    },
    /** age of the pictures shown from `from` to `to`, the oldest */
    latency(from: number, to: number): number {
      const ages = viewer.shown
        .filter(({ at }) => at >= from && at <= to)
        .map(({ at, timestamp }) => at - timestamp / 90)
      return Math.max(0, ...ages)
    },
    /** when the estimate was first at least this, from `from` on */
    reached: (bps: number, from: number): number | undefined =>
      estimates.find(({ at, bps: value }) => at >= from && value >= bps)?.at,
  }
}

export type Session = ReturnType<typeof simulatedSession>

/** One session on one link. */
export function openSession(
  link: {
    bps: number
    rttMs: number
    queueMs?: number
    loss?: number
    lossAfter?: number
    jitterMs?: number
  },
  options: SessionOptions = {},
) {
  const { rttMs, ...settings } = link
  const clock = virtualClock()
  const forth = simulatedLink(clock, { ...settings, delayMs: rttMs / 2 }, 3)
  const back = simulatedLink(
    clock,
    { bps: 10_000_000, delayMs: rttMs / 2, loss: Math.max(link.loss ?? 0, link.lossAfter ?? 0) },
    5,
  )
  const session = simulatedSession(clock, forth, back, options)
  /** part of the link that was used in this time */
  const use = (from: number, to: number): number => {
    clock.runTo(from)
    forth.take()
    clock.runTo(to)
    return (forth.take() * 8000) / (to - from) / forth.settings.bps
  }
  return { clock, forth, back, session, use }
}
