import { createHeap } from './heap.ts'
import { type LinkSettings, PERFECT, queueOf, withChange } from './link-settings.ts'
import { createRandom } from './random.ts'

/**
 * One direction of a line, in time that the caller gives: milliseconds, never going back. A packet waits in the queue,
 * is sent at the rate, may be lost in the air (having used its share of the rate), is held by delay and jitter, and
 * comes out. No clock, no timer.
 */
export type Link<P extends Packet> = {
  /** A packet goes in. */
  send(now: number, packet: P): void
  /** What has come out by `now`, in order. */
  take(now: number): P[]
  /** When there will be something to do, if nothing more goes in; Infinity: never. */
  next(): number
  /** What already waits or flies keeps what was decided for it; the queue goes on at the new rate. */
  set(now: number, change: Partial<LinkSettings>): void
  settings(): LinkSettings
  /** Counted since it was made. Reading clears `queue.peak` and `late`. */
  statistics(now: number): LinkStatistics
}

export type Packet = { readonly length: number }

export type LinkStatistics = {
  in: { packets: number; bytes: number }
  out: { packets: number; bytes: number }
  dropped: { hole: number; overflow: number; loss: number; burst: number }
  /** packets delivered twice, and packets that came out after a later one */
  duplicated: number
  overtaken: number
  /** what waits for the rate: `delay` is the milliseconds a packet that comes now would wait, `peak` the most of late */
  queue: { packets: number; bytes: number; delay: number; peak: number }
  /** packets held by delay */
  flying: number
  /** the most milliseconds, of late, by which a packet was taken after its time: how far the lab itself was off */
  late: number
}

type Flying<P> = { packet: P; order: number }

class LinkModel<P extends Packet> implements Link<P> {
  #settings: LinkSettings
  readonly #chance: Record<'loss' | 'burst' | 'jitter' | 'reorder' | 'duplicate', () => number>
  readonly #air = createHeap<Flying<P>>()
  #queue: P[] = []
  #queued = 0
  /** bits of the first in the queue that are not sent yet, as of `#since` */
  #left = 0
  #since = 0
  #bad = false
  #lastDue = Number.NEGATIVE_INFINITY
  #sent = 0
  #latest = -1
  readonly #counts: Omit<LinkStatistics, 'queue' | 'flying' | 'late'> = {
    in: { packets: 0, bytes: 0 },
    out: { packets: 0, bytes: 0 },
    dropped: { hole: 0, overflow: 0, loss: 0, burst: 0 },
    duplicated: 0,
    overtaken: 0,
  }
  #peak = 0
  #late = 0

  constructor(settings: LinkSettings, seed: string) {
    this.#settings = settings
    const stream = (name: string) => createRandom(`${seed}/${name}`)
    this.#chance = {
      loss: stream('loss'),
      burst: stream('burst'),
      jitter: stream('jitter'),
      reorder: stream('reorder'),
      duplicate: stream('duplicate'),
    }
  }

  settings(): LinkSettings {
    return this.#settings
  }

  send(now: number, packet: P): void {
    this.#advance(now)
    const { in: counted, dropped } = this.#counts
    counted.packets++
    counted.bytes += packet.length
    if (this.#settings.hole) dropped.hole++
    else if (this.#settings.rate === null) this.#fly(now, packet)
    else if (this.#queued + packet.length > queueOf(this.#settings)) dropped.overflow++
    else this.#enqueue(now, packet)
  }

  take(now: number): P[] {
    this.#advance(now)
    const out: P[] = []
    for (let due = this.#air.next(); due <= now; due = this.#air.next()) {
      this.#late = Math.max(this.#late, now - due)
      this.#deliver(this.#air.pop()!, out)
    }
    return out
  }

  next(): number {
    return Math.min(this.#finish(), this.#air.next())
  }

  set(now: number, change: Partial<LinkSettings>): void {
    const settings = withChange(this.#settings, change)
    this.#advance(now)
    if (this.#queue.length > 0) {
      this.#left -= (now - this.#since) * (this.#settings.rate ?? 0)
      this.#since = now
    }
    if (!settings.burst) this.#bad = false
    this.#settings = settings
    this.#advance(now)
  }

  statistics(now: number): LinkStatistics {
    this.#advance(now)
    const delay = this.#wait(now)
    const peak = Math.max(this.#peak, delay)
    const late = this.#late
    this.#peak = 0
    this.#late = 0
    return {
      ...structuredClone(this.#counts),
      queue: { packets: this.#queue.length, bytes: this.#queued, delay, peak },
      flying: this.#air.size,
      late,
    }
  }

  #enqueue(now: number, packet: P): void {
    if (this.#queue.length === 0) this.#start(now, packet)
    this.#queue.push(packet)
    this.#queued += packet.length
    this.#peak = Math.max(this.#peak, this.#wait(now))
  }

  #start(now: number, packet: P): void {
    this.#left = packet.length * 8
    this.#since = now
  }

  /** When the first in the queue is sent. 1 kbit/s is one bit in a millisecond. */
  #finish(): number {
    if (this.#queue.length === 0) return Number.POSITIVE_INFINITY
    const { rate } = this.#settings
    return rate === null ? this.#since : this.#since + this.#left / rate
  }

  #advance(now: number): void {
    for (;;) {
      const finish = this.#finish()
      if (!(finish <= now)) return
      const packet = this.#queue.shift()!
      this.#queued -= packet.length
      const [following] = this.#queue
      if (following) this.#start(finish, following)
      this.#fly(finish, packet)
    }
  }

  /** Milliseconds until all that waits is sent. */
  #wait(now: number): number {
    const { rate } = this.#settings
    const [first] = this.#queue
    if (!first || rate === null) return 0
    return ((this.#queued - first.length) * 8 + this.#left) / rate - (now - this.#since)
  }

  #fly(now: number, packet: P): void {
    const { loss, duplicate, reorder, reorderBy } = this.#settings
    const order = this.#sent++
    if (this.#inBurst()) return void this.#counts.dropped.burst++
    if (this.#happens('loss', loss)) return void this.#counts.dropped.loss++
    const copies = this.#happens('duplicate', duplicate) ? 2 : 1
    if (copies === 2) this.#counts.duplicated++
    const late = this.#happens('reorder', reorder) ? reorderBy : 0
    const due = this.#due(now) + late
    for (let i = 0; i < copies; i++) this.#air.push(due, { packet, order })
  }

  #due(now: number): number {
    const { delay, jitter, overtake } = this.#settings
    const due = now + delay + (jitter > 0 ? jitter * this.#chance.jitter() : 0)
    if (overtake) return due
    this.#lastDue = Math.max(due, this.#lastDue)
    return this.#lastDue
  }

  #happens(what: 'loss' | 'reorder' | 'duplicate', share: number): boolean {
    return share > 0 && this.#chance[what]() < share
  }

  /** Gilbert-Elliott: first the state changes, then the packet meets it. */
  #inBurst(): boolean {
    const { burst } = this.#settings
    if (!burst) return false
    this.#bad = this.#chance.burst() < (this.#bad ? burst.leave : burst.enter) ? !this.#bad : this.#bad
    return this.#bad && (burst.loss === 1 || this.#chance.burst() < burst.loss)
  }

  #deliver({ packet, order }: Flying<P>, out: P[]): void {
    if (this.#settings.hole) return void this.#counts.dropped.hole++
    if (order < this.#latest) this.#counts.overtaken++
    this.#latest = Math.max(this.#latest, order)
    this.#counts.out.packets++
    this.#counts.out.bytes += packet.length
    out.push(packet)
  }
}

/** @param seed the same seed and the same packets give the same fate */
export const createLink = <P extends Packet>(settings: Partial<LinkSettings>, seed: string): Link<P> =>
  new LinkModel(withChange(PERFECT, settings), seed)
