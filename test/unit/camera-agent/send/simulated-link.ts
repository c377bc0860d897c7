import type { Clock } from '@ownsight/camera-agent/rtc/send/clock'

export type LinkOptions = {
  bps: number
  /** one way */
  delayMs: number
  /** the queue holds what takes this long at the present rate; beyond it packets are dropped */
  queueMs?: number
  /** part of the packets lost by chance, before the queue */
  loss?: number
  /** part of the packets lost by chance, after the queue */
  lossAfter?: number
  /** each packet is later by up to this much, in order */
  jitterMs?: number
}

/** The same chance in each run. */
export function dice(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One direction of a path: a queue before a link of one rate, then delay. Rate and loss may change under way. */
export function simulatedLink(clock: Clock, options: LinkOptions, seed = 1) {
  const settings = { queueMs: 500, loss: 0, lossAfter: 0, jitterMs: 0, ...options }
  const chance = dice(seed)
  const waiting: { size: number; at: number; deliver: () => void }[] = []
  const delays: { at: number; ms: number }[] = []
  let busy = false
  let queued = 0
  let lastOut = 0
  let carried = 0

  function serve(): void {
    const first = waiting[0]
    busy = first !== undefined
    if (!first) return
    clock.after((first.size * 8000) / settings.bps, () => {
      waiting.shift()
      queued -= first.size
      carried += first.size
      delays.push({ at: clock.now(), ms: clock.now() - first.at - (first.size * 8000) / settings.bps })
      if (chance() >= settings.lossAfter) {
        const out = Math.max(lastOut, clock.now() + settings.delayMs + chance() * settings.jitterMs)
        lastOut = out
        clock.after(out - clock.now(), first.deliver)
      }
      serve()
    })
  }

  return {
    settings,
    send(size: number, deliver: () => void): void {
      if (chance() < settings.loss) return
      if (queued > 0 && (queued + size) * 8000 > settings.queueMs * settings.bps) return
      queued += size
      waiting.push({ size, at: clock.now(), deliver })
      if (!busy) serve()
    },
    /** bytes that went through since the last call */
    take(): number {
      const bytes = carried
      carried = 0
      return bytes
    },
    /** How long packets waited in the queue from `from` on: the longest time, and the part of them over 200 ms. */
    waits(from: number): { longest: number; over200: number } {
      const part = delays.filter(({ at }) => at >= from)
      return {
        longest: Math.max(0, ...part.map(({ ms }) => ms)),
        over200: part.filter(({ ms }) => ms > 200).length / Math.max(1, part.length),
      }
    },
  }
}

export type Link = ReturnType<typeof simulatedLink>
