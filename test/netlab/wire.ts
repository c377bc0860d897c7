import { createLink, type Link, type LinkStatistics } from './link.ts'
import type { LinkSettings } from './link-settings.ts'
import { createPlayer, type Player, type TraceStep } from './trace.ts'

export const DIRECTIONS = ['up', 'down'] as const
/** `up`: out of the home. */
export type Direction = (typeof DIRECTIONS)[number]

/** Both directions of a line, each with the trace it may follow. Pure, as the link is. */
export type Wire = {
  send(direction: Direction, now: number, packet: Buffer): void
  take(direction: Direction, now: number): Buffer[]
  next(): number
  set(direction: Direction, now: number, change: Partial<LinkSettings>): void
  /** @param steps none: it stays as it is now */
  follow(direction: Direction, now: number, steps: readonly TraceStep[], loop: boolean): void
  statistics(now: number): Record<Direction, LinkStatistics>
}

type Side = { link: Link<Buffer>; player: Player | undefined }

export function createWire(settings: Record<Direction, Partial<LinkSettings>>, seed: string): Wire {
  const side = (direction: Direction): Side => ({
    link: createLink<Buffer>(settings[direction], `${seed}/${direction}`),
    player: undefined,
  })
  const sides = { up: side('up'), down: side('down') }
  const play = ({ link, player }: Side, now: number): void => {
    if (player && player.next() <= now) link.set(now, player.change(now))
  }
  return {
    send(direction, now, packet) {
      if (isMulticast(packet)) return
      play(sides[direction], now)
      sides[direction].link.send(now, packet)
    },
    take(direction, now) {
      play(sides[direction], now)
      return sides[direction].link.take(now)
    },
    next: () => Math.min(...Object.values(sides).flatMap(each => [each.link.next(), next(each.player)])),
    set: (direction, now, change) => sides[direction].link.set(now, change),
    follow(direction, now, steps, loop) {
      const each = sides[direction]
      each.player = steps.length > 0 ? createPlayer(steps, now, loop) : undefined
      if (each.player) each.link.set(now, each.player.change(now))
    },
    statistics: now => ({ up: sides.up.link.statistics(now), down: sides.down.link.statistics(now) }),
  }
}

/**
 * What a kernel says to the other end of its own link (MLD, IGMP) is not the line's to carry: it would take its turn in
 * the chances of the packets that count.
 */
const isMulticast = (packet: Buffer): boolean =>
  packet[0] === undefined || (packet[0] >> 4 === 6 ? packet[24] === 0xff : (packet[16] ?? 0) >> 4 === 0xe)

const next = (player: Player | undefined): number => player?.next() ?? Number.POSITIVE_INFINITY
