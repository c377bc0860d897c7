import type { Clock } from './clock.ts'
import type { Probe } from './probe.ts'

/** One packet whose turn has not come. `send` numbers it, so that what is dropped leaves no gap. */
export type Paced = { size: number; send(probe?: number): void }

export type PacerOptions = {
  clock: Clock
  /** whether more may be under way at this moment */
  mayTransmit(): boolean
  /** false: the rate is a guess as yet, and nothing is left out because of it */
  isRateKnown?(): boolean
  /** fills a probe when there is nothing else to send */
  padding(maxSize: number): Paced | undefined
  /** pictures were left out: nothing is shown rightly before the next key frame */
  onDropped(): void
  /** a key frame has taken the place of what was begun, or of half a second: of what was sent nothing is needed */
  onSuperseded?(): void
}

type Picture = { key: boolean; at: number; packets: Paced[]; bytes: number; started: boolean }

/** Packets leave in steps of this, so that many viewers wake the process no more often than one. */
const STEP_MS = 5
const CREDIT_MS = 2 * STEP_MS
/** What a probe sent beyond the rate is waited for no longer: the window knows what is still under way. */
const DEBT_MS = 100
const DEBT_LEAST_BYTES = 1500
/** Less than this is no time to wait for: what is left of it is rounding. */
const WAIT_LEAST_MS = 0.05
const WAIT_MS = 500
/** A key frame is what everybody waits for. */
const KEY_WAIT_MS = 2500
const KEEP_MS = 100
/** By then a viewer has told of what came first. */
const GUESS_MS = 600
const RTX_WAIT_MS = 500
const STRETCH = 1.25

/**
 * Sends at an even rate: what is asked for again, then pictures. Sound waits for nothing, and they make room for it. Pictures that would come too late
 * are left out whole, up to the next key frame. One that has begun is broken off only for a key frame that is there
 * sooner than the rest of it would be: so each promise of a picture is earlier than the one it takes the place of.
 */
export function createPacer({
  clock,
  mayTransmit,
  isRateKnown = () => true,
  padding,
  onDropped,
  onSuperseded,
}: PacerOptions) {
  const again: Paced[] = []
  let pictures: Picture[] = []
  let bps = 300_000
  let debt = 0
  let paidAt = clock.now()
  let cancel: (() => void) | undefined
  let probe: { plan: Probe; startedAt: number; bytes: number; packets: number } | undefined
  let waitsForKey = false
  let dropped = 0

  const pictureBytes = (): number => pictures.reduce((sum, { bytes }) => sum + bytes, 0)
  const waitMs = (): number => (pictureBytes() * 8000) / bps

  /** More than the guess carries, and perhaps not too much: neither sent nor left out before the viewer has told. */
  const isHeldBack = ({ key, started }: Picture): boolean =>
    !probe && !key && !started && waitMs() > WAIT_MS && !isRateKnown()

  function next(): Paced | undefined {
    if (!mayTransmit()) return undefined
    const asked = again.shift()
    if (asked) return asked
    const picture = pictures[0]
    if (picture && isHeldBack(picture)) return undefined
    const packet = picture?.packets.shift()
    if (!picture || !packet) return undefined
    picture.started = true
    picture.bytes -= packet.size
    if (picture.packets.length === 0) pictures.shift()
    return packet
  }

  function run(): void {
    cancel?.()
    cancel = undefined
    const now = clock.now()
    debt = Math.min(debt, Math.max(DEBT_LEAST_BYTES, (bps * DEBT_MS) / 8000))
    debt = Math.max(debt - (bps * (now - paidAt)) / 8000, (-bps * CREDIT_MS) / 8000)
    paidAt = now
    for (;;) {
      const wait = probe ? probe.startedAt + (probe.bytes * 8000) / probe.plan.bps - now : (debt * 8000) / bps
      if (wait > WAIT_LEAST_MS) {
        if (probe || again.length + pictures.length > 0)
          cancel = clock.after(probe ? wait : Math.max(wait, STEP_MS), run)
        return
      }
      if (!(probe ? sendProbe(probe) : send())) return
    }
  }

  function send(): boolean {
    const packet = next()
    if (!packet) return false
    packet.send()
    debt += packet.size
    return true
  }

  function sendProbe(going: NonNullable<typeof probe>): boolean {
    const { plan } = going
    const media = next()
    const packet = media ?? (plan.padded ? padding(Math.ceil(plan.bytes / plan.packets)) : undefined)
    if (!packet) {
      probe = undefined
      return true
    }
    packet.send(plan.id)
    if (media) debt += packet.size
    going.bytes += packet.size
    going.packets++
    if (going.bytes >= mostBytes(plan) && going.packets >= plan.packets) probe = undefined
    return true
  }

  /** The first picture is a probe of its own; where little of it is left, it is not held up for that. */
  const mostBytes = ({ bytes, padded }: Probe): number =>
    !padded && pictures[0]?.started ? bytes * STRETCH : bytes

  /** Leaves out every picture that has not begun. */
  function flush(): void {
    const kept = pictures.filter(({ started }) => started)
    dropped += pictures.length - kept.length
    pictures = kept
  }

  function hold(): void {
    flush()
    waitsForKey = true
  }

  /** Makes way for a key frame of so many bytes; what is left of a begun picture only goes if it is more. */
  function makeWay(bytes: number): void {
    const isFarBehind = waitMs() > WAIT_MS
    flush()
    const begun = pictures[0]
    const isBrokenOff = begun !== undefined && begun.bytes > bytes
    if (isBrokenOff) {
      pictures.shift()
      dropped++
    }
    if (!isBrokenOff && !isFarBehind) return
    again.length = 0
    onSuperseded?.()
  }

  function tooLate(): boolean {
    const keys = pictures.some(({ key }) => key)
    const oldest = pictures[0]
    const waited = clock.now() - (oldest?.at ?? clock.now())
    if (!isRateKnown()) return waited > GUESS_MS
    return waitMs() > (keys ? KEY_WAIT_MS : WAIT_MS) || waited > KEY_WAIT_MS
  }

  return {
    setRate(next: number): void {
      bps = next
      run()
    },
    sound(packet: Paced): void {
      packet.send()
      debt += packet.size
    },
    /** @returns false when so much is asked for that it would come too late */
    retransmission(packet: Paced): boolean {
      const waiting = again.reduce((sum, { size }) => sum + size, packet.size)
      if (again.length > 0 && (waiting * 8000) / bps > RTX_WAIT_MS) return false
      again.push(packet)
      run()
      return true
    },
    picture(key: boolean, packets: Paced[]): void {
      const bytes = packets.reduce((sum, { size }) => sum + size, 0)
      if (key && waitMs() > KEEP_MS) makeWay(bytes)
      if (key) waitsForKey = false
      if (waitsForKey) return void dropped++
      pictures.push({ key, at: clock.now(), packets, bytes, started: false })
      if (!key && tooLate()) {
        flush()
        waitsForKey = true
        onDropped()
      }
      run()
    },
    /** Leaves out all pictures up to the next key frame, without asking for one. */
    hold,
    /** The same, and one that was not even cut. */
    leaveOut(): void {
      hold()
      dropped++
    },
    waitsForKey: (): boolean => waitsForKey,
    /** A key frame is on its way here, whole or what is left of it. */
    hasKey: (): boolean => pictures.some(({ key }) => key),
    probe(plan: Probe): void {
      probe = { plan, startedAt: clock.now(), bytes: 0, packets: 0 }
      run()
    },
    /** Something has changed: looks again. */
    run,
    dropped: (): number => dropped,
    waitMs,
    close(): void {
      cancel?.()
      again.length = 0
      pictures = []
    },
  }
}
