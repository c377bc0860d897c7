import type { Seat } from '../../load.ts'
import { createAllowance } from './allowance.ts'
import type { Clock } from './clock.ts'
import { createEstimator } from './estimator.ts'
import { createHistory, rtxPayload, type SentPacket } from './history.ts'
import { createKeyframeLimiter } from './keyframe-limiter.ts'
import { createPacer, type Paced } from './pacer.ts'
import type { RateLimits } from './rate-control.ts'
import type { RtcpEvents } from './rtcp.ts'
import type { SendStats } from './send-stats.ts'
import { createSentRecord } from './sent-record.ts'
import { TICK_MS, untilTick } from './tick.ts'

/** RTP payloads of one picture, each within 1200 bytes; `timestamp` at 90 kHz, 32 bits. */
export type Picture = { payloads: readonly Buffer[]; timestamp: number; key?: boolean }

/** One packet as it goes onto the wire, each sequence number of a stream once and in order. */
export type WirePacket = {
  stream: 'media' | 'rtx' | 'sound'
  sequence: number
  timestamp: number
  marker: boolean
  payload: Buffer
  /** the payload is padding only (RFC 3550 §5.1) */
  padding: boolean
  /** transport-wide sequence number, where feedback speaks of the stream */
  wide: number | undefined
  /** of sound, which comes in more than one form */
  payloadType?: number
}

/** One packet of sound; `timestamp` at its codec's own clock, 32 bits. */
export type SoundPacket = { payload: Buffer; timestamp: number; marker: boolean; payloadType: number }

export type MediaSenderOptions = {
  clock: Clock
  write(packet: WirePacket): void
  ssrc: number
  /** the retransmission stream, when the viewer takes one: without it nothing is sent again, and nothing probed */
  hasRtx: boolean
  /** transport-wide feedback was negotiated: without it nothing is estimated, nothing held back */
  hasFeedback: boolean
  firstSequence: { media: number; rtx: number; sound?: number }
  /** Sound is among what transport-wide feedback speaks of; default true. */
  countsSound?: boolean
  onKeyframe(): void
  /** what the agent has to spare for this viewer; everything by default */
  seat?: Pick<Seat, 'mayProbe' | 'isThinned'> | undefined
  limits?: RateLimits
}

/** RTP header with its one extension, SRTP tag, UDP and IP header. */
const OVERHEAD_BYTES = 64
const RTX_BYTES = 2
const PADDING_MAX = 224
/** Of the estimate. More than a third lost is too much to be repaired. */
const RTX_PART = 0.35
const ALIVE_MS = 200
/** Whoever receives anything tells of it every 50 to 250 ms, mostly every 100. */
const TAIL_MS = 120
const IDLE_MS = 3000
const LIMITS: RateLimits = { startBps: 500_000, minBps: 30_000, maxBps: 8_000_000 }
const UNLIMITED_BPS = 50_000_000
const SHARE_MS = 2000
const MEDIA_LEAST = 0.5
const CHANGED = 0.03
/** Bits per second of estimate: a link that carries less is left to the pictures, until it carries clearly more. */
const SOUND_OFF_BPS = 90_000
const SOUND_ON_BPS = 130_000

/** Everything between a picture and the wire, for one viewer. */
export function createMediaSender(options: MediaSenderOptions) {
  const { clock, write, ssrc, hasRtx, hasFeedback, seat, limits = LIMITS } = options
  const countsSound = hasFeedback && options.countsSound !== false
  const estimator = createEstimator(limits)
  const record = createSentRecord()
  const history = createHistory()
  const allowance = createAllowance(RTX_PART)
  const limiter = createKeyframeLimiter(clock, options.onKeyframe)
  const next = { sound: 0, ...options.firstSequence }
  const count = { sent: 0, sound: 0, retransmitted: 0, probed: 0, refused: 0 }
  const share = { media: 0, all: 0 }
  const handlers: ((bps: number) => void)[] = []
  let demand = limits.maxBps
  let told = 0
  let begun = false
  let closed = false
  let carriesSound = true
  let aliveAt = 0
  let sentAt = 0
  let heardAt = 0
  let lastTimestamp = 0
  let pictureAt = 0
  let cancelTick: (() => void) | undefined

  const pacer = createPacer({
    clock,
    mayTransmit: () =>
      !hasFeedback || (!estimator.silent() && (record.inFlight() < estimator.window() || isTailLost())),
    isRateKnown: () => !hasFeedback || estimator.isKnown(),
    padding,
    onDropped: limiter.request,
    onSuperseded: history.clear,
  })

  pacer.setRate(hasFeedback ? estimator.pacing() : UNLIMITED_BPS)

  /**
   * When the last of what was sent is lost, no feedback ever speaks of it, and it would hold back all that follows: one
   * packet more brings the word (as RFC 8985 §7 does for TCP).
   */
  const isTailLost = (): boolean => clock.now() - Math.max(sentAt, heardAt) > TAIL_MS

  /** Numbers a packet, and writes it. */
  function put(packet: WirePacket, probe?: number): number {
    const now = clock.now()
    sentAt = now
    const size = packet.payload.length + OVERHEAD_BYTES
    const { stream } = packet
    const isCounted = stream === 'sound' ? countsSound : hasFeedback
    packet.wide = isCounted ? record.add(now, size, probe) : undefined
    packet.sequence = next[stream]
    next[stream] = (packet.sequence + 1) & 0xffff
    write(packet)
    return packet.sequence
  }

  function media(payload: Buffer, timestamp: number, marker: boolean): Paced {
    return {
      size: payload.length + OVERHEAD_BYTES,
      send(probe) {
        const sequence = put(unnumbered('media', timestamp, marker, payload), probe)
        history.add({ sequence, timestamp, marker, payload }, clock.now())
        share.media += payload.length
        share.all += payload.length + OVERHEAD_BYTES
        count.sent++
      },
    }
  }

  function again(packet: SentPacket, counter: 'retransmitted' | 'probed'): Paced {
    const { timestamp, marker, payload } = packet
    return {
      size: payload.length + RTX_BYTES + OVERHEAD_BYTES,
      send(probe) {
        put(unnumbered('rtx', timestamp, marker, rtxPayload(packet)), probe)
        count[counter]++
        // A probe fills what is free.
        if (counter === 'retransmitted') share.all += payload.length + OVERHEAD_BYTES
      },
    }
  }

  /** What was sent last, once more: under loss it may even be of use. Else padding (RFC 4588 §6.3 names no timestamp). */
  function padding(maxSize: number): Paced | undefined {
    if (!hasRtx) return undefined
    const known = history.newest(Math.max(0, maxSize - OVERHEAD_BYTES))
    if (known && known.payload.length + OVERHEAD_BYTES > maxSize / 2) return again(known, 'probed')
    const bytes = Math.min(Math.max(maxSize - OVERHEAD_BYTES, 1), PADDING_MAX)
    const payload = Buffer.alloc(bytes)
    payload.writeUInt8(bytes, bytes - 1)
    return {
      size: bytes + OVERHEAD_BYTES,
      send(probe) {
        put({ ...unnumbered('rtx', lastTimestamp, false, payload), padding: true }, probe)
        count.probed++
      },
    }
  }

  /** Sound makes no sense of a path that is silent, and takes none from pictures that have hardly one. */
  function maySound(): boolean {
    if (!hasFeedback) return begun
    carriesSound = estimator.target() > (carriesSound ? SOUND_OFF_BPS : SOUND_ON_BPS)
    return begun && carriesSound && !estimator.silent()
  }

  /** What pictures may use of the estimate: not the headers, and not what goes out twice. */
  function bandwidth(): number {
    if (!hasFeedback) return limits.maxBps
    const useful = share.all > 5000 ? share.media / share.all : 0.9
    return estimator.budget() * Math.max(MEDIA_LEAST, useful)
  }

  function update(): void {
    pacer.setRate(Math.max(estimator.pacing(), limits.minBps))
    const bps = bandwidth()
    if (Math.abs(bps - told) < told * CHANGED) return
    told = bps
    for (const handler of handlers) handler(bps)
  }

  function tick(): void {
    const now = clock.now()
    cancelTick = clock.after(untilTick(now), tick)
    if (!hasFeedback) return
    const age = Math.exp(-TICK_MS / SHARE_MS)
    share.media *= age
    share.all *= age
    estimator.tick(now, record.waitingSince())
    // Where no picture is shown, nothing is sent to find out how many could be.
    if (now - pictureAt > IDLE_MS) return
    if (estimator.silent()) {
      pacer.hold()
      if (now - aliveAt < ALIVE_MS) return
      aliveAt = now
      return padding(1)?.send()
    }
    const probe = hasRtx && seat?.mayProbe() !== false ? estimator.probe(now, demand) : undefined
    if (probe) pacer.probe(probe)
    else update()
  }

  return {
    picture({ payloads, timestamp, key = false }: Picture): void {
      if (closed) return
      lastTimestamp = timestamp
      pictureAt = clock.now()
      if (key) limiter.met()
      else if (seat?.isThinned()) return pacer.leaveOut()
      const last = payloads.length - 1
      const packets = payloads.map((payload, i) => media(payload, timestamp, i === last))
      pacer.picture(key, packets)
      if (begun) return
      begun = true
      if (hasFeedback) pacer.probe(estimator.firstProbe(clock.now()))
      tick()
    },
    /** Ahead of pictures, and once: what is lost of it its codec makes good. */
    sound(packet: SoundPacket): void {
      if (closed || !maySound()) return
      const size = packet.payload.length + OVERHEAD_BYTES
      const { timestamp, marker, payload, payloadType } = packet
      const wire = { ...unnumbered('sound', timestamp, marker, payload), payloadType }
      pacer.sound({ size, send: () => void put(wire) })
      share.all += size
      count.sound++
    },
    rtcp(events: RtcpEvents): void {
      if (closed) return
      const now = clock.now()
      const wasSilent = estimator.silent()
      for (const feedback of events.twcc) {
        heardAt = now
        const reports = record.take(feedback)
        if (reports.length > 0) estimator.onFeedback(reports, now, record.inFlight() === 0)
      }
      if (wasSilent && !estimator.silent()) limiter.request()
      for (const nack of events.nacks) if (nack.ssrc === ssrc && hasRtx) repeat(nack.sequences, now)
      // On a slow link many ask while one still leaves.
      if (events.keyframes.includes(ssrc) && !pacer.hasKey()) limiter.request()
      if (hasFeedback && events.twcc.length > 0) update()
    },
    /** bits per second that pictures may use */
    bandwidth,
    /** Called with each change worth acting upon. */
    onBandwidth: (handler: (bps: number) => void): void => void handlers.push(handler),
    /** @param bps the most that could be used; nothing more is looked for */
    setDemand(bps: number): void {
      demand = bps * 1.2
    },
    stats: (): SendStats => ({
      ...count,
      droppedPictures: pacer.dropped(),
      waitMs: pacer.waitMs(),
      inFlight: record.inFlight(),
      rttMs: estimator.rtt(),
      queueMs: estimator.queueMs(),
      loss: estimator.loss(),
      estimate: estimator.target(),
    }),
    close(): void {
      closed = true
      cancelTick?.()
      limiter.close()
      pacer.close()
    },
  }

  function repeat(sequences: readonly number[], now: number): void {
    for (const sequence of sequences) {
      const packet = history.take(sequence, now, estimator.rtt())
      const copy = packet && again(packet, 'retransmitted')
      if (!copy || !allowance.take(now, copy.size, estimator.target()) || !pacer.retransmission(copy))
        count.refused++
    }
  }
}

/** Of one form all of them: one for every packet, and nothing is copied. */
const unnumbered = (
  stream: WirePacket['stream'],
  timestamp: number,
  marker: boolean,
  payload: Buffer,
): WirePacket => ({ stream, sequence: 0, timestamp, marker, payload, padding: false, wide: undefined })
